//! A disk of a node: a map of records, durable once it is synced.
//!
//! A write is seen by every later read at once, and survives a crash if a sync
//! has ended after it. Of the writes since, a crash keeps the first few: any
//! number of them, each whole (as with records that are written aside and then
//! renamed). What can be torn is a [`File`](crate::sim::File).

use crate::sim::node::Node;
use crate::sim::resource::NodeResource;
use crate::sim::world::World;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

/// How long each operation takes.
pub(super) const SEEK: Duration = Duration::from_micros(100);

/// A sync has failed. What was written since the last good one can still be
/// read, but it will not survive a crash, and syncing again does not help: it
/// has to be written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SyncError;

impl fmt::Display for SyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the disk could not be synced")
    }
}

impl std::error::Error for SyncError {}

/// A disk. Clones are handles to the same disk.
pub struct Disk<K, V> {
    world: World,
    content: Rc<DiskContent<K, V>>,
}

struct DiskContent<K, V> {
    node: Node,
    records: RefCell<Records<K, V>>,
}

struct Records<K, V> {
    /// What reads see.
    seen: BTreeMap<K, V>,
    durable: BTreeMap<K, V>,
    /// Writes and removals that no sync has seen, in order.
    unsynced: Vec<(K, Option<V>)>,
}

impl<K: Ord + Clone, V: Clone> Records<K, V> {
    fn change(&mut self, key: K, value: Option<V>) {
        apply(&mut self.seen, key.clone(), value.clone());
        self.unsynced.push((key, value));
    }

    fn sync(&mut self) {
        self.keep(usize::MAX);
    }

    /// The oldest `count` unsynced writes become durable; the others do not.
    fn keep(&mut self, count: usize) {
        for (key, value) in self.unsynced.drain(..).take(count) {
            apply(&mut self.durable, key, value);
        }
    }

    fn crash(&mut self, kept: usize) {
        self.keep(kept);
        self.seen = self.durable.clone();
    }
}

fn apply<K: Ord, V>(records: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => records.insert(key, value),
        None => records.remove(&key),
    };
}

impl<K: Ord + Clone, V: Clone> NodeResource for DiskContent<K, V> {
    fn ways(&self, node: Node) -> u32 {
        if node == self.node { self.records.borrow().unsynced.len() as u32 + 1 } else { 1 }
    }

    fn crash(&self, node: Node, way: u32) -> Option<String> {
        if node != self.node {
            return None;
        }
        let mut records = self.records.borrow_mut();
        let unsynced = records.unsynced.len();
        records.crash(way as usize);
        let lost = unsynced - way as usize;
        (unsynced > 0).then(|| format!("{lost} of {unsynced} unsynced writes are lost"))
    }
}

impl World {
    /// A disk of a node.
    pub fn disk<K: Ord + Clone + fmt::Debug + 'static, V: Clone + fmt::Debug + 'static>(
        &self,
        node: Node,
    ) -> Disk<K, V> {
        let records = Records { seen: BTreeMap::new(), durable: BTreeMap::new(), unsynced: Vec::new() };
        let content = Rc::new(DiskContent { node, records: RefCell::new(records) });
        self.add_resource(Rc::clone(&content) as Rc<dyn NodeResource>);
        Disk { world: self.clone(), content }
    }
}

impl<K, V> Disk<K, V>
where
    K: Ord + Clone + fmt::Debug + 'static,
    V: Clone + fmt::Debug + 'static,
{
    /// Stores `value` under `key`. Reads see it once this is done; a crash may
    /// lose it until a [`sync`](Self::sync) has ended.
    #[track_caller]
    pub fn write(&self, key: K, value: V) -> impl Future<Output = ()> + use<K, V> {
        self.change(key, Some(value))
    }

    /// Removes what is stored under `key`; durable as a write is.
    #[track_caller]
    pub fn remove(&self, key: K) -> impl Future<Output = ()> + use<K, V> {
        self.change(key, None)
    }

    #[track_caller]
    fn change(&self, key: K, value: Option<V>) -> impl Future<Output = ()> + use<K, V> {
        let (disk, site) = (self.clone(), Location::caller());
        let node = self.content.node;
        let seek = self.world.clock(node).sleep(SEEK);
        async move {
            seek.await;
            disk.world.trace(node, Some(site), || match &value {
                Some(value) => format!("write {key:?} = {value:?}"),
                None => format!("remove {key:?}"),
            });
            disk.content.records.borrow_mut().change(key, value);
        }
    }

    /// What is stored under `key`.
    #[track_caller]
    pub fn read(&self, key: K) -> impl Future<Output = Option<V>> + use<K, V> {
        let (disk, site) = (self.clone(), Location::caller());
        let node = self.content.node;
        let seek = self.world.clock(node).sleep(SEEK);
        async move {
            seek.await;
            let value = disk.content.records.borrow().seen.get(&key).cloned();
            disk.world.trace(node, Some(site), || format!("read {key:?} = {value:?}"));
            value
        }
    }

    /// All records, in the order of their keys: what a node reads when it starts.
    #[track_caller]
    pub fn read_all(&self) -> impl Future<Output = BTreeMap<K, V>> + use<K, V> {
        let (disk, site) = (self.clone(), Location::caller());
        let node = self.content.node;
        let seek = self.world.clock(node).sleep(SEEK);
        async move {
            seek.await;
            let records = disk.content.records.borrow().seen.clone();
            disk.world.trace(node, Some(site), || format!("read all {records:?}"));
            records
        }
    }

    /// Makes everything durable that was written before.
    ///
    /// # Errors
    ///
    /// [`SyncError`], only where [`sync_errors`](crate::sim::Sim::sync_errors) are asked for.
    #[track_caller]
    pub fn sync(&self) -> impl Future<Output = Result<(), SyncError>> + use<K, V> {
        let (disk, site) = (self.clone(), Location::caller());
        let node = self.content.node;
        let seek = self.world.clock(node).sleep(SEEK);
        async move {
            seek.await;
            let pending = !disk.content.records.borrow().unsynced.is_empty();
            if pending && disk.world.sync_fails(node) {
                disk.content.records.borrow_mut().keep(0);
                return Err(SyncError);
            }
            disk.world.trace(node, Some(site), || "sync".to_owned());
            disk.content.records.borrow_mut().sync();
            Ok(())
        }
    }

    /// What a crash at this moment would be sure to leave under `key`. For
    /// oracles: it takes no time, and no node can know it.
    #[track_caller]
    pub fn survives(&self, key: &K) -> Option<V> {
        self.world.operation();
        self.content.records.borrow().durable.get(key).cloned()
    }
}

impl<K, V> Clone for Disk<K, V> {
    fn clone(&self) -> Self {
        Disk { world: self.world.clone(), content: Rc::clone(&self.content) }
    }
}

impl<K, V> fmt::Debug for Disk<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("node", &self.content.node).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Records<&'static str, u32> {
        let mut records = Records { seen: BTreeMap::new(), durable: BTreeMap::new(), unsynced: Vec::new() };
        records.change("x", Some(1));
        records.sync();
        records.change("y", Some(2));
        records.change("x", None);
        records
    }

    #[test]
    fn reads_see_what_no_sync_has_seen() {
        assert_eq!(written().seen, BTreeMap::from([("y", 2)]));
        assert_eq!(written().durable, BTreeMap::from([("x", 1)]));
    }

    #[test]
    fn a_crash_keeps_the_first_few_unsynced_writes() {
        let left = |kept| {
            let mut records = written();
            records.crash(kept);
            assert_eq!(records.seen, records.durable);
            records.seen
        };
        assert_eq!(left(0), BTreeMap::from([("x", 1)]));
        assert_eq!(left(1), BTreeMap::from([("x", 1), ("y", 2)]));
        assert_eq!(left(2), BTreeMap::from([("y", 2)]));
    }

    #[test]
    fn what_a_failed_sync_has_seen_can_be_read_but_does_not_survive() {
        let mut records = written();
        records.keep(0);
        assert_eq!(records.seen, BTreeMap::from([("y", 2)]));
        records.change("z", Some(3));
        records.sync();
        records.crash(0);
        assert_eq!(records.seen, BTreeMap::from([("x", 1), ("z", 3)]));
    }
}
