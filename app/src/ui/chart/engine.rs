//! Draws charts on the server: one thread with a small JavaScript engine and the chart library in it.
//!
//! The thread starts with the first chart and lives on. A chart that cannot be drawn is no error of the page: its
//! table says the same.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rquickjs::{CatchResultExt, Context, Function, Module, Runtime};
use tokio::sync::oneshot;

use super::svg;

/// Formats and looks, shared with the browser.
const PRESENTATION: &str = include_str!("chart.js");
/// The library asks for timers when it loads and needs none for a drawing that does not move.
const NO_TIMERS: &str = "globalThis.setTimeout = () => 0; globalThis.clearTimeout = () => {};";

/// A drawing takes milliseconds; more callers than this at once go without.
const QUEUE: usize = 64;
/// Drawings kept: a few pages' worth, some 10 kB each.
const CACHED: usize = 64;
/// Loading the library takes a tenth of a second; nothing honest takes this long.
const PATIENCE: Duration = Duration::from_secs(2);
/// The library with a chart in it uses a fifth of this.
const MEMORY: usize = 64 << 20;
const STACK: usize = 1 << 20;

/// What a drawing depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub option: Arc<str>,
    pub unit: Arc<str>,
    pub width: u16,
    pub height: u16,
    /// On the drawing's root.
    pub class: &'static str,
}

struct Engine {
    bundle: PathBuf,
    /// Where browsers get the same library.
    address: String,
    queue: OnceLock<SyncSender<Task>>,
    drawn: Mutex<VecDeque<(Order, Arc<str>)>>,
}

type Task = (Order, oneshot::Sender<Option<Arc<str>>>);

static ENGINE: OnceLock<Engine> = OnceLock::new();

/// Says where the site's chart library lies, such as `target/site/charts.min.js`. Reads nothing yet but the
/// hashed name under which browsers are to ask for it. Without this call charts are tables.
pub fn load(bundle: impl Into<PathBuf>) {
    if ENGINE.set(Engine::new(bundle.into())).is_err() {
        tracing::warn!("The chart library was named twice; the first name holds");
    }
}

/// Where browsers get the library; none where there is none.
pub(super) fn address() -> Option<String> {
    ENGINE.get().map(|engine| engine.address.clone())
}

/// The drawing, fit for a page; none if it cannot be made, for which the log says why.
pub(super) async fn draw(order: Order) -> Option<Arc<str>> {
    ENGINE.get()?.draw(order).await
}

impl Engine {
    fn new(bundle: PathBuf) -> Self {
        let address = hashed_address(&bundle).unwrap_or_else(|| "/charts.min.js".to_owned());
        Self {
            bundle,
            address,
            queue: OnceLock::new(),
            drawn: Mutex::default(),
        }
    }

    async fn draw(&self, order: Order) -> Option<Arc<str>> {
        if let Some(drawing) = self.recall(&order) {
            return Some(drawing);
        }
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.get_or_init(|| start(self.bundle.clone()));
        if queue.try_send((order.clone(), answer)).is_err() {
            tracing::warn!("A chart was left out: too many at once, or the engine is gone");
            return None;
        }
        let drawing = tokio::time::timeout(PATIENCE, answered).await.ok()?.ok()??;
        self.remember(order, &drawing);
        Some(drawing)
    }

    fn recall(&self, order: &Order) -> Option<Arc<str>> {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let at = drawn.iter().position(|(known, _)| known == order)?;
        let found = drawn.remove(at)?;
        let drawing = found.1.clone();
        drawn.push_back(found);
        Some(drawing)
    }

    fn remember(&self, order: Order, drawing: &Arc<str>) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.len() >= CACHED {
            drawn.pop_front();
        }
        drawn.push_back((order, drawing.clone()));
    }
}

/// `/pkg/charts.<hash>.js`, which browsers may keep for ever.
fn hashed_address(bundle: &Path) -> Option<String> {
    let mut names = std::fs::read_dir(bundle.parent()?.join("pkg"))
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let name = names.find(|name| name.starts_with("charts.") && name.ends_with(".js"))?;
    Some(format!("/pkg/{name}"))
}

fn start(bundle: PathBuf) -> SyncSender<Task> {
    let (sender, receiver) = sync_channel(QUEUE);
    let thread = std::thread::Builder::new().name("charts".to_owned());
    if let Err(error) = thread.spawn(move || serve(&bundle, &receiver)) {
        tracing::error!(%error, "The chart engine did not start: {error}");
    }
    sender
}

/// Answers until the process ends.
fn serve(bundle: &Path, queue: &Receiver<Task>) {
    let artist = Artist::new(bundle);
    if let Err(error) = &artist {
        tracing::error!(
            error,
            "The chart library did not load, charts are tables: {error}"
        );
    }
    for (order, answer) in queue {
        let drawing = artist.as_ref().ok().and_then(|artist| match artist.draw(&order) {
            Ok(drawing) => Some(drawing),
            Err(error) => {
                tracing::error!(error, "A chart could not be drawn: {error}");
                None
            }
        });
        // A caller that lost patience is gone.
        let _ = answer.send(drawing);
    }
}

/// The JavaScript engine with the library in it. Bound to its thread.
struct Artist {
    context: Context,
    deadline: Arc<Mutex<Instant>>,
}

impl Artist {
    fn new(bundle: &Path) -> Result<Self, String> {
        let library = std::fs::read(bundle).map_err(|error| format!("{}: {error}", bundle.display()))?;
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        runtime.set_memory_limit(MEMORY);
        runtime.set_max_stack_size(STACK);
        let deadline = Arc::new(Mutex::new(Instant::now() + PATIENCE));
        let watched = deadline.clone();
        let is_late = move || Instant::now() > *watched.lock().unwrap_or_else(PoisonError::into_inner);
        runtime.set_interrupt_handler(Some(Box::new(is_late)));
        let context = Context::full(&runtime).map_err(|error| error.to_string())?;
        context.with(|ctx| {
            let prepare = || -> rquickjs::Result<()> {
                ctx.eval::<(), _>(NO_TIMERS)?;
                ctx.eval::<(), _>(library)?;
                let (module, evaluated) = Module::declare(ctx.clone(), "chart", PRESENTATION)?.eval()?;
                evaluated.finish::<()>()?;
                ctx.globals().set("toSvg", module.get::<_, Function>("toSvg")?)
            };
            prepare().catch(&ctx).map_err(|error| error.to_string())
        })?;
        Ok(Self { context, deadline })
    }

    fn draw(&self, order: &Order) -> Result<Arc<str>, String> {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + PATIENCE;
        let drawn = self.context.with(|ctx| {
            let draw = || -> rquickjs::Result<String> {
                let to_svg: Function = ctx.globals().get("toSvg")?;
                to_svg.call((&*order.option, &*order.unit, order.width, order.height))
            };
            draw().catch(&ctx).map_err(|error| error.to_string())
        })?;
        let clean = svg::clean(&drawn, order.class).ok_or("the library drew no well-formed SVG")?;
        Ok(clean.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Stands in for the library: what it is given, it writes.
    const ECHO: &str = r#"globalThis.echarts = { init: (dom, theme, how) => ({
        setOption(option) { this.option = option; },
        renderToSVGString() {
            const { yAxis, tooltip, animation } = this.option;
            if (this.option.broken) throw new Error("broken");
            while (this.option.endless) {}
            const axis = [0, 150000, -123400000].map(yAxis[0].axisLabel.formatter);
            const tip = [0, 123456789, -5, null].map(tooltip.valueFormatter);
            const text = [how.width, how.height, animation, tooltip.renderMode, ...axis, ...tip].join(" ");
            return `<svg viewBox="0 0 1 1"><text style="font-size:1px">${text}</text></svg>`;
        },
        dispose() {},
    }) };"#;

    /// An engine over a site of its own, which goes with it.
    struct Trial {
        engine: Engine,
        site: PathBuf,
    }

    impl std::ops::Deref for Trial {
        type Target = Engine;

        fn deref(&self) -> &Engine {
            &self.engine
        }
    }

    impl Drop for Trial {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.site).unwrap();
        }
    }

    fn engine(name: &str, library: &str) -> Trial {
        let site = std::env::temp_dir().join(format!("charts-{name}-{}", std::process::id()));
        fs::create_dir_all(site.join("pkg")).unwrap();
        fs::write(site.join("charts.min.js"), library).unwrap();
        fs::write(site.join("pkg/charts.0abc.js"), "").unwrap();
        fs::write(site.join("pkg/charts.0abc.js.br"), "").unwrap();
        let engine = Engine::new(site.join("charts.min.js"));
        Trial { engine, site }
    }

    fn order(option: &str) -> Order {
        let unit = r#"{"mark":"$","suffix":"","digits":2}"#;
        Order {
            option: option.into(),
            unit: unit.into(),
            width: 340,
            height: 288,
            class: "size-full",
        }
    }

    #[tokio::test]
    async fn draws_what_it_is_given_and_remembers_it() {
        let engine = engine("draws", ECHO);
        assert_eq!(engine.address, "/pkg/charts.0abc.js");
        let asked = order(r#"{"yAxis":{}}"#);
        let drawing = engine.draw(asked.clone()).await.unwrap();
        let text =
            "340 288 false richText $0 $1.5k \u{2212}$1.23M $0.00 $1,234,567.89 \u{2212}$0.05 \u{2013}";
        assert_eq!(
            &*drawing,
            format!(
                "<svg class=\"size-full\" aria-hidden=\"true\" focusable=\"false\" viewBox=\"0 0 1 1\">\
                 <text font-size=\"1px\">{text}</text></svg>"
            )
        );
        assert!(Arc::ptr_eq(&drawing, &engine.draw(asked).await.unwrap()));
    }

    #[tokio::test]
    async fn one_broken_chart_leaves_the_next_alone() {
        let engine = engine("broken", ECHO);
        assert_eq!(engine.draw(order(r#"{"yAxis":{},"broken":true}"#)).await, None);
        assert_eq!(engine.draw(order("not JSON")).await, None);
        assert_eq!(engine.draw(order(r#"{"yAxis":{},"endless":true}"#)).await, None);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(engine.draw(order(r#"{"yAxis":{}}"#)).await.is_some());
    }

    #[tokio::test]
    async fn without_the_library_there_is_no_drawing() {
        assert_eq!(engine("syntax", "not a script").draw(order("{}")).await, None);
        assert_eq!(
            Engine::new("/nowhere/charts.min.js".into())
                .draw(order("{}"))
                .await,
            None
        );
    }

    #[tokio::test]
    async fn keeps_the_latest_drawings_only() {
        let engine = engine("cache", ECHO);
        for n in 0..=CACHED {
            engine
                .draw(order(&format!(r#"{{"yAxis":{{}},"n":{n}}}"#)))
                .await
                .unwrap();
        }
        assert_eq!(engine.drawn.lock().unwrap().len(), CACHED);
        assert!(engine.recall(&order(r#"{"yAxis":{},"n":0}"#)).is_none());
        assert!(engine.recall(&order(r#"{"yAxis":{},"n":1}"#)).is_some());
    }
}
