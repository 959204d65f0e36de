//! What this process remembers of the catalog and of what customers are entitled to.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use billing::catalog::{FeatureSpec, Meter};
use billing::entitlement::Thresholds;
use billing::id::{CustomerId, MeterId};
use store::PgConnection;
use store::entitlement::Stamp;

use super::entitled::Entitled;
use crate::Result;
use crate::run::Catalog;
use crate::usage::Meters;
use crate::writers::Writers;

/// Bounds the memory: when there are more, everything is learnt anew.
const MAX_CUSTOMERS: usize = 50_000;
/// What of the catalog may change under subscribers is looked at again after this.
const CATALOG_AGE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Known {
    pub writers: Arc<Writers>,
    /// What counts events.
    pub meters: Arc<Meters>,
    pub thresholds: Thresholds,
    plans: tokio::sync::Mutex<Catalog>,
    entitled: Mutex<HashMap<CustomerId, Arc<Entitled>>>,
    listed: Mutex<Option<(Instant, Arc<Listed>)>>,
    /// Counters changed between looking and writing the last time.
    contended: AtomicBool,
}

/// Meters and features, as the catalog has them.
#[derive(Debug)]
pub struct Listed {
    pub features: Vec<FeatureSpec>,
    by_key: HashMap<String, Meter>,
    keys: HashMap<MeterId, String>,
}

impl Listed {
    pub fn meter(&self, key: &str) -> Option<&Meter> {
        self.by_key.get(key)
    }

    pub fn key(&self, meter: MeterId) -> Option<&str> {
        self.keys.get(&meter).map(String::as_str)
    }

    /// The meters that count events of the type.
    pub fn of_type<'l>(&'l self, event_type: &'l str) -> impl Iterator<Item = &'l Meter> {
        let meters = self.by_key.values();
        meters.filter(move |meter| meter.event_type() == event_type)
    }

    /// The type of the events that the meter counts.
    pub fn event_type(&self, meter: MeterId) -> Option<&str> {
        let meter = self.by_key.get(self.keys.get(&meter)?)?;
        Some(meter.event_type())
    }
}

impl Known {
    pub fn new(writers: Arc<Writers>, meters: Arc<Meters>, thresholds: Thresholds) -> Self {
        Self {
            writers,
            meters,
            thresholds,
            plans: tokio::sync::Mutex::default(),
            entitled: Mutex::default(),
            listed: Mutex::default(),
            contended: AtomicBool::new(false),
        }
    }

    /// To be done under locks at once the next time: whose counters change so fast waits once instead of twice.
    pub fn note_contended(&self) {
        self.contended.store(true, Ordering::Relaxed);
    }

    pub fn was_contended(&self) -> bool {
        self.contended.swap(false, Ordering::Relaxed)
    }

    /// What those of the customers that there are are entitled to as of now: what is remembered is compared with the
    /// database, and what changed since is read again.
    pub async fn entitled(
        &self,
        conn: &mut PgConnection,
        customers: &[CustomerId],
    ) -> Result<HashMap<CustomerId, Arc<Entitled>>> {
        let stamps = store::entitlement::stamps(conn, customers).await?;
        let mut found = HashMap::with_capacity(stamps.len());
        let mut changed = Vec::new();
        {
            let remembered = self.entitled.lock().unwrap_or_else(PoisonError::into_inner);
            for stamp in stamps {
                match remembered.get(&stamp.customer) {
                    Some(entitled) if entitled.stamp == stamp => {
                        found.insert(stamp.customer, entitled.clone());
                    }
                    _ => changed.push(stamp),
                }
            }
        }
        if !changed.is_empty() {
            found.extend(self.learn(conn, changed).await?);
        }
        Ok(found)
    }

    /// What is remembered of those of the customers that are remembered at all, however old it is: to be used only where
    /// its stamp is the database's.
    pub fn remembered_of(
        &self,
        customers: impl IntoIterator<Item = CustomerId>,
    ) -> HashMap<CustomerId, Arc<Entitled>> {
        let remembered = self.entitled.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |customer| Some((customer, remembered.get(&customer)?.clone()));
        customers.into_iter().filter_map(known).collect()
    }

    /// Read after its stamp, so that what is remembered is never older than the stamp says.
    async fn learn(
        &self,
        conn: &mut PgConnection,
        stamps: Vec<Stamp>,
    ) -> Result<Vec<(CustomerId, Arc<Entitled>)>> {
        let learnt = {
            let mut plans = self.plans.lock().await;
            Entitled::load(conn, &mut plans, stamps).await?
        };
        let learnt: Vec<_> = learnt
            .into_iter()
            .map(|entitled| (entitled.stamp.customer, Arc::new(entitled)))
            .collect();
        let mut remembered = self.entitled.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() + learnt.len() > MAX_CUSTOMERS {
            remembered.clear();
        }
        remembered.extend(learnt.iter().cloned());
        Ok(learnt)
    }

    /// The catalog's meters and features; read again where one of the keys is not among the meters.
    pub async fn listed(&self, conn: &mut PgConnection, keys: &HashSet<&str>) -> Result<Arc<Listed>> {
        if let Some(counted) = self.remembered()
            && keys.iter().all(|key| counted.by_key.contains_key(*key))
        {
            return Ok(counted);
        }
        self.count(conn).await
    }

    /// The same where the meters are known by their ids.
    pub async fn listed_by_id(&self, conn: &mut PgConnection, ids: &[MeterId]) -> Result<Arc<Listed>> {
        if let Some(counted) = self.remembered()
            && ids.iter().all(|id| counted.keys.contains_key(id))
        {
            return Ok(counted);
        }
        self.count(conn).await
    }

    /// Unless it is too old.
    pub fn remembered(&self) -> Option<Arc<Listed>> {
        let remembered = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        let young = remembered
            .as_ref()
            .filter(|(since, _)| since.elapsed() < CATALOG_AGE);
        young.map(|(_, counted)| counted.clone())
    }

    async fn count(&self, conn: &mut PgConnection) -> Result<Arc<Listed>> {
        let since = Instant::now();
        let meters = store::catalog::meters(conn).await?;
        let features = store::catalog::features(conn).await?;
        let counted = Arc::new(Listed {
            features,
            keys: meters.iter().map(|meter| (meter.id, meter.key.clone())).collect(),
            by_key: meters
                .into_iter()
                .map(|meter| (meter.key.clone(), meter))
                .collect(),
        });
        let mut remembered = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        *remembered = Some((since, counted.clone()));
        Ok(counted)
    }
}
