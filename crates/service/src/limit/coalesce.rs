//! Many callers, one transaction: whoever asks while the last one is under way goes into the next one together.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use billing::id::CustomerId;
use tokio::sync::{mpsc, oneshot};

use super::known::Known;
use crate::{Error, Result};

/// In one transaction: more would hold the counters' locks for too long.
const MAX_TOGETHER: usize = 1_000;
/// Transactions at a time, each of customers of its own: two that want the same counter would only wait for each other.
pub const WRITERS: usize = 2;
/// What a few transactions of a writer take. Who comes when so many wait is told to come again.
const MAX_WAITING: usize = 4_096;
/// Transactions that collide with others' are done again.
const ATTEMPTS: usize = 8;

type Answers<'a, A> = Pin<Box<dyn Future<Output = Result<Vec<Result<A>>>> + Send + 'a>>;
type Run<Q, A> = for<'a> fn(&'a Known, &'a [Q]) -> Answers<'a, A>;

struct Waiting<Q, A> {
    asked: Q,
    answer: oneshot::Sender<Result<A>>,
}

/// A few writers in this process, at work since the first question: while one waits for the database, the next
/// questions come in.
pub struct Coalescer<Q, A> {
    known: Arc<Known>,
    run: Run<Q, A>,
    /// Whose counters it is about.
    customer: fn(&Q) -> CustomerId,
    queues: OnceLock<Vec<mpsc::Sender<Waiting<Q, A>>>>,
}

impl<Q, A> std::fmt::Debug for Coalescer<Q, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coalescer").finish_non_exhaustive()
    }
}

impl<Q: Clone + Send + Sync + 'static, A: Send + 'static> Coalescer<Q, A> {
    /// `run` answers each in its place. After an error some may be done all the same: asked again, they get the answer
    /// that they would have got.
    pub fn over(known: Arc<Known>, run: Run<Q, A>, customer: fn(&Q) -> CustomerId) -> Self {
        Self {
            known,
            run,
            customer,
            queues: OnceLock::new(),
        }
    }

    pub async fn ask(&self, asked: Q) -> Result<A> {
        let (answer, answered) = oneshot::channel();
        let queues = self.queues.get_or_init(|| self.start());
        let number = (self.customer)(&asked).uuid().as_u128() % WRITERS as u128;
        let queue = usize::try_from(number).ok().and_then(|number| queues.get(number));
        let queue = queue.ok_or(Error::Internal("a writer without a queue"))?;
        if queue.try_send(Waiting { asked, answer }).is_err() {
            return Err(Error::Busy);
        }
        answered
            .await
            .unwrap_or(Err(Error::Internal("a transaction broke off")))
    }

    fn start(&self) -> Vec<mpsc::Sender<Waiting<Q, A>>> {
        let lane = |_| {
            let (sender, receiver) = mpsc::channel(MAX_WAITING);
            let writer = write(receiver, self.known.clone(), self.run);
            self.known.writers.spawn(writer);
            sender
        };
        (0..WRITERS).map(lane).collect()
    }
}

/// Until nobody can ask any more.
async fn write<Q, A>(mut waiting: mpsc::Receiver<Waiting<Q, A>>, known: Arc<Known>, run: Run<Q, A>)
where
    Q: Clone + Send + Sync + 'static,
    A: Send + 'static,
{
    loop {
        let mut batch = Vec::new();
        if waiting.recv_many(&mut batch, MAX_TOGETHER).await == 0 {
            return;
        }
        let (asks, callers): (Vec<Q>, Vec<_>) = batch.into_iter().map(|w| (w.asked, w.answer)).unzip();
        let known = known.clone();
        // A task of its own, so that a panic ends one batch and not the writer: its callers hear that it broke off.
        let done = tokio::spawn(async move { answer(&known, &asks, run).await }).await;
        for (caller, answer) in callers.into_iter().zip(done.unwrap_or_default()) {
            // Who does not wait any more has asked all the same.
            let _ = caller.send(answer);
        }
    }
}

/// Together; each by itself where the transaction fails for good, so that one cannot spoil it for all.
async fn answer<Q: Clone, A>(known: &Known, asks: &[Q], run: Run<Q, A>) -> Vec<Result<A>> {
    match attempt(known, asks, run).await {
        Ok(answers) => return answers,
        Err(error) if asks.len() == 1 => return vec![Err(error)],
        Err(error) if error.is_transient() => {
            tracing::error!(error = ?error, "Calls failed together: {error}");
            let shared = || Error::Store(store::Error::Shared { transient: true });
            return asks.iter().map(|_| Err(shared())).collect();
        }
        Err(error) => tracing::error!(error = ?error, "Calls fail together, so one by one: {error}"),
    }
    let mut answers = Vec::with_capacity(asks.len());
    for ask in asks.chunks(1) {
        let alone = attempt(known, ask, run).await;
        answers
            .push(alone.and_then(|mut answers| answers.pop().unwrap_or(Err(Error::Internal("no answer")))));
    }
    answers
}

async fn attempt<Q, A>(known: &Known, asks: &[Q], run: Run<Q, A>) -> Result<Vec<Result<A>>> {
    let mut attempts = 1;
    loop {
        match run(known, asks).await {
            Err(Error::Store(error)) if error.is_collision() && attempts < ATTEMPTS => attempts += 1,
            answers => return answers,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use billing::entitlement::Thresholds;
    use store::PgPool;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::writers::Writers;

    static GATE: Semaphore = Semaphore::const_new(0);

    /// A database that nobody asks anything.
    fn known() -> Arc<Known> {
        let pool = PgPool::connect_lazy("postgres://nobody@localhost/nothing").unwrap();
        let writers = Arc::new(Writers::beside(&pool));
        Arc::new(Known::new(writers, Arc::default(), Thresholds::default()))
    }

    fn one_customer(_: &usize) -> CustomerId {
        CustomerId::from_uuid(uuid::Uuid::nil())
    }

    fn doubled<'a>(_: &'a Known, asks: &'a [usize]) -> Answers<'a, usize> {
        Box::pin(async move {
            let _open = GATE.acquire().await;
            Ok(asks.iter().map(|n| Ok(n * 2)).collect())
        })
    }

    #[tokio::test]
    async fn each_gets_its_own_answer_and_who_comes_to_a_full_queue_is_sent_away() {
        let coalescer = Arc::new(Coalescer::over(known(), doubled, one_customer));
        let callers = MAX_TOGETHER + MAX_WAITING + 500;
        let asks: Vec<_> = (0..callers)
            .map(|n| {
                let coalescer = coalescer.clone();
                tokio::spawn(async move { coalescer.ask(n).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(50)).await;
        GATE.add_permits(1);
        let mut busy = 0;
        for (n, ask) in asks.into_iter().enumerate() {
            match ask.await.unwrap() {
                Ok(answer) => assert_eq!(answer, n * 2),
                Err(Error::Busy) => busy += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert!(busy >= 500, "{busy}");
        assert_eq!(coalescer.ask(21).await.unwrap(), 42);
    }

    fn delicate<'a>(_: &'a Known, asks: &'a [usize]) -> Answers<'a, usize> {
        Box::pin(async move {
            assert!(!asks.contains(&13), "thirteen");
            match asks.contains(&7) {
                true => Err(Error::Internal("seven")),
                false => Ok(asks.iter().map(|n| Ok(*n)).collect()),
            }
        })
    }

    #[tokio::test]
    async fn one_does_not_spoil_it_for_all() {
        let coalescer = Coalescer::over(known(), delicate, one_customer);
        let (one, seven, two) = tokio::join!(coalescer.ask(1), coalescer.ask(7), coalescer.ask(2));
        assert_eq!((one.unwrap(), two.unwrap()), (1, 2));
        assert!(matches!(seven, Err(Error::Internal("seven"))), "{seven:?}");
        let broken = coalescer.ask(13).await;
        assert!(matches!(broken, Err(Error::Internal(_))), "{broken:?}");
        assert_eq!(coalescer.ask(3).await.unwrap(), 3);
    }
}
