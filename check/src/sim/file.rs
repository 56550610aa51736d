//! A file of bytes on a node: what a log is made of, and what a crash can tear.
//!
//! A crash keeps the first few of the writes that no sync has seen: any number of
//! them. The last one that it keeps may be torn. Then only the first half of its
//! bytes is there; or, where it made the file longer, its length may be there and
//! the second half of it read as zeros, as file systems do that note the length
//! before the data.

use crate::sim::disk::{SEEK, SyncError};
use crate::sim::node::Node;
use crate::sim::resource::NodeResource;
use crate::sim::world::World;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::rc::Rc;

/// A file. Clones are handles to the same file.
#[derive(Clone)]
pub struct File {
    world: World,
    content: Rc<FileContent>,
}

struct FileContent {
    node: Node,
    torn: bool,
    bytes: RefCell<FileBytes>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum FileChange {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

/// What is left of the write that a crash interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tear {
    /// The first half of its bytes.
    Short,
    /// The first half, and zeros up to its end.
    Zeroed,
}

/// How a crash leaves a file: so many changes whole, and one torn.
type CrashState = (usize, Option<Tear>);

#[derive(Default)]
struct FileBytes {
    /// What reads see.
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// Changes that no sync has seen, in order.
    unsynced: Vec<FileChange>,
}

fn apply(file: &mut Vec<u8>, change: &FileChange) {
    match change {
        FileChange::Write { at, bytes } => {
            let end = at + bytes.len();
            if file.len() < end {
                file.resize(end, 0);
            }
            file[*at..end].copy_from_slice(bytes);
        }
        FileChange::Truncate(len) => file.truncate(*len),
    }
}

fn tear(file: &mut Vec<u8>, change: &FileChange, torn: Tear) {
    let FileChange::Write { at, bytes } = change else { return };
    let before = file.len();
    let half = FileChange::Write { at: *at, bytes: bytes[..bytes.len() / 2].to_vec() };
    apply(file, &half);
    if torn == Tear::Zeroed {
        file.resize(before.max(at + bytes.len()), 0);
    }
}

impl FileBytes {
    fn change(&mut self, change: FileChange) {
        apply(&mut self.seen, &change);
        self.unsynced.push(change);
    }

    fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            apply(&mut self.durable, &change);
        }
    }

    /// Every way in which a crash can leave the file, those that lose most first.
    fn ways(&self, torn: bool) -> Vec<CrashState> {
        let mut ways = Vec::new();
        let mut length = self.durable.len();
        for (kept, change) in self.unsynced.iter().enumerate() {
            ways.push((kept, None));
            match change {
                FileChange::Write { at, bytes } => {
                    if torn && bytes.len() > 1 {
                        ways.push((kept, Some(Tear::Short)));
                        if at + bytes.len() > length {
                            ways.push((kept, Some(Tear::Zeroed)));
                        }
                    }
                    length = length.max(at + bytes.len());
                }
                FileChange::Truncate(len) => length = length.min(*len),
            }
        }
        ways.push((self.unsynced.len(), None));
        ways
    }

    fn crash(&mut self, (kept, torn): CrashState) {
        let unsynced = std::mem::take(&mut self.unsynced);
        for change in &unsynced[..kept] {
            apply(&mut self.durable, change);
        }
        if let Some(torn) = torn {
            tear(&mut self.durable, &unsynced[kept], torn);
        }
        self.seen = self.durable.clone();
    }
}

impl NodeResource for FileContent {
    fn ways(&self, node: Node) -> u32 {
        if node == self.node { self.bytes.borrow().ways(self.torn).len() as u32 } else { 1 }
    }

    fn crash(&self, node: Node, way: u32) -> Option<String> {
        if node != self.node {
            return None;
        }
        let mut bytes = self.bytes.borrow_mut();
        let unsynced = bytes.unsynced.len();
        let (kept, torn) = bytes.ways(self.torn)[way as usize];
        bytes.crash((kept, torn));
        let how = match torn {
            None => "",
            Some(Tear::Short) => ", the next one is torn",
            Some(Tear::Zeroed) => ", the next one is torn and ends in zeros",
        };
        (unsynced > 0).then(|| format!("{kept} of {unsynced} unsynced writes are kept{how}"))
    }
}

impl World {
    /// A file of bytes on a node.
    pub fn file(&self, node: Node) -> File {
        let torn = self.state().menu.torn;
        let content = Rc::new(FileContent { node, torn, bytes: RefCell::default() });
        self.add_resource(Rc::clone(&content) as Rc<dyn NodeResource>);
        File { world: self.clone(), content }
    }
}

impl File {
    /// Runs `act` on the bytes when the disk has got there.
    #[track_caller]
    fn operate<T, A>(&self, act: A) -> impl Future<Output = T> + use<T, A>
    where
        A: FnOnce(&File, &'static Location<'static>) -> T,
    {
        let (file, site) = (self.clone(), Location::caller());
        let seek = self.world.clock(self.content.node).sleep(SEEK);
        async move {
            seek.await;
            act(&file, site)
        }
    }

    /// Writes at the end of the file. Reads see it once this is done; a crash may
    /// lose or tear it until a [`sync`](Self::sync) has ended.
    #[track_caller]
    pub fn append(&self, bytes: &[u8]) -> impl Future<Output = ()> + use<> {
        let bytes = bytes.to_vec();
        self.operate(move |file, site| {
            let at = file.content.bytes.borrow().seen.len();
            file.change(site, FileChange::Write { at, bytes });
        })
    }

    /// Writes at a place; a gap before it reads as zeros. Otherwise as
    /// [`append`](Self::append).
    #[track_caller]
    pub fn write_at(&self, at: usize, bytes: &[u8]) -> impl Future<Output = ()> + use<> {
        let bytes = bytes.to_vec();
        self.operate(move |file, site| file.change(site, FileChange::Write { at, bytes }))
    }

    /// Cuts the file off after `len` bytes, if it is longer.
    #[track_caller]
    pub fn truncate(&self, len: usize) -> impl Future<Output = ()> + use<> {
        self.operate(move |file, site| file.change(site, FileChange::Truncate(len)))
    }

    /// All bytes of the file.
    #[track_caller]
    pub fn read(&self) -> impl Future<Output = Vec<u8>> + use<> {
        self.operate(|file, site| {
            let bytes = file.content.bytes.borrow().seen.clone();
            file.world.trace(file.content.node, Some(site), || format!("read {}", shown(&bytes)));
            bytes
        })
    }

    /// Makes everything durable that was written before.
    ///
    /// # Errors
    ///
    /// [`SyncError`], only where [`sync_errors`](crate::sim::Sim::sync_errors) are asked for.
    #[track_caller]
    pub fn sync(&self) -> impl Future<Output = Result<(), SyncError>> + use<> {
        self.operate(|file, site| {
            let node = file.content.node;
            let pending = !file.content.bytes.borrow().unsynced.is_empty();
            if pending && file.world.sync_fails(node) {
                file.content.bytes.borrow_mut().unsynced.clear();
                return Err(SyncError);
            }
            file.world.trace(node, Some(site), || "sync".to_owned());
            file.content.bytes.borrow_mut().sync();
            Ok(())
        })
    }

    /// What a crash at this moment would be sure to leave. For oracles: it takes
    /// no time, and no node can know it.
    #[track_caller]
    pub fn survives(&self) -> Vec<u8> {
        self.world.operation();
        self.content.bytes.borrow().durable.clone()
    }

    fn change(&self, site: &'static Location<'static>, change: FileChange) {
        self.world.trace(self.content.node, Some(site), || match &change {
            FileChange::Write { at, bytes } => format!("write {} at {at}", shown(bytes)),
            FileChange::Truncate(len) => format!("truncate to {len}"),
        });
        self.content.bytes.borrow_mut().change(change);
    }
}

/// FileBytes as text: letters as they are.
fn shown(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("node", &self.content.node).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(synced: &[u8], changes: &[FileChange]) -> FileBytes {
        let mut file = FileBytes { seen: synced.to_vec(), durable: synced.to_vec(), unsynced: Vec::new() };
        changes.iter().cloned().for_each(|change| file.change(change));
        file
    }

    fn left(synced: &[u8], changes: &[FileChange]) -> Vec<Vec<u8>> {
        let ways = file(synced, changes).ways(true);
        let crash = |way| {
            let mut file = file(synced, changes);
            file.crash(way);
            assert_eq!(file.seen, file.durable);
            file.seen
        };
        ways.into_iter().map(crash).collect()
    }

    fn write(at: usize, bytes: &[u8]) -> FileChange {
        FileChange::Write { at, bytes: bytes.to_vec() }
    }

    #[test]
    fn a_write_at_the_end_is_lost_torn_or_kept() {
        let expected = [&b"ab"[..], b"abcd", b"abcd\0\0", b"abcdef"];
        assert_eq!(left(b"ab", &[write(2, b"cdef")]), expected);
    }

    #[test]
    fn a_write_in_place_has_the_old_bytes_where_it_was_torn() {
        assert_eq!(left(b"abcd", &[write(0, b"WXYZ")]), [&b"abcd"[..], b"WXcd", b"WXYZ"]);
    }

    #[test]
    fn only_the_last_write_that_is_kept_is_torn() {
        let changes = [write(0, b"ab"), FileChange::Truncate(1), write(1, b"x")];
        assert_eq!(left(b"", &changes), [&b""[..], b"a", b"a\0", b"ab", b"a", b"ax"]);
    }

    #[test]
    fn a_failed_sync_leaves_a_hole() {
        let mut file = file(b"a", &[write(1, b"bc")]);
        file.unsynced.clear();
        file.change(write(3, b"d"));
        assert_eq!(file.seen, b"abcd");
        file.sync();
        file.crash((0, None));
        assert_eq!(file.seen, b"a\0\0d");
    }
}
