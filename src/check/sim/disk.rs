//! A disk of a node: a map whose operations take time.
//!
//! This first version has no fault of its own (nodes do not crash yet, so
//! nothing is lost unsynced); its operations are places where a node may pause.

use super::world::{Node, World};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

/// How long each operation takes.
const SEEK: Duration = Duration::from_micros(100);

/// A disk. Clones are handles to the same disk.
pub struct Disk<K, V> {
    world: World,
    node: Node,
    stored: Rc<RefCell<BTreeMap<K, V>>>,
}

impl<K, V> Disk<K, V>
where
    K: Ord + Clone + fmt::Debug + 'static,
    V: Clone + fmt::Debug + 'static,
{
    pub(super) fn new(world: &World, node: Node) -> Self {
        Disk { world: world.clone(), node, stored: Rc::default() }
    }

    /// Stores `value` under `key`. It is there when this is done.
    #[track_caller]
    pub fn write(&self, key: K, value: V) -> impl Future<Output = ()> + use<K, V> {
        let (disk, site) = (self.clone(), Location::caller());
        let seek = self.world.clock(self.node).sleep(SEEK);
        async move {
            seek.await;
            disk.world.trace(disk.node, Some(site), || format!("write {key:?} = {value:?}"));
            disk.stored.borrow_mut().insert(key, value);
        }
    }

    /// What is stored under `key`.
    #[track_caller]
    pub fn read(&self, key: K) -> impl Future<Output = Option<V>> + use<K, V> {
        let (disk, site) = (self.clone(), Location::caller());
        let seek = self.world.clock(self.node).sleep(SEEK);
        async move {
            seek.await;
            let value = disk.stored.borrow().get(&key).cloned();
            disk.world.trace(disk.node, Some(site), || format!("read {key:?} = {value:?}"));
            value
        }
    }
}

impl<K, V> Clone for Disk<K, V> {
    fn clone(&self) -> Self {
        Disk { world: self.world.clone(), node: self.node, stored: Rc::clone(&self.stored) }
    }
}

impl<K, V> fmt::Debug for Disk<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("node", &self.node).finish_non_exhaustive()
    }
}
