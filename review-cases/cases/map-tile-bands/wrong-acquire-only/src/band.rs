//! The bands of a tile that is being drawn.

use std::fmt;
use std::ptr::NonNull;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::outbox::{Outbox, TileId};

/// The tile cannot be cut like that: a band has at least one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadSplit;

impl fmt::Display for BadSplit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a band has at least one pixel")
    }
}

impl std::error::Error for BadSplit {}

/// What the bands of one tile share. Boxed by `start`, as are the pixels; the
/// last band frees it.
struct Shared {
    /// The bands that have not been dropped yet.
    left: AtomicUsize,
    id: TileId,
    pixels: *mut [u8],
    outbox: Arc<Outbox>,
}

/// A part of a tile, for one worker to draw.
pub struct Band {
    shared: NonNull<Shared>,
    from: usize,
    len: usize,
}

// SAFETY: the count is atomic, `Outbox` may be used from any thread, and no two
// bands of a tile have a pixel in common.
unsafe impl Send for Band {}
// SAFETY: `&Band` gives no access to pixels.
unsafe impl Sync for Band {}

/// Starts a transparent tile of `len` pixels, cut into `bands` bands of about
/// the same size, in order.
pub fn start(
    id: TileId,
    len: usize,
    bands: usize,
    outbox: &Arc<Outbox>,
) -> Result<Vec<Band>, BadSplit> {
    if bands == 0 || bands > len {
        return Err(BadSplit);
    }
    let shared = NonNull::from(Box::leak(Box::new(Shared {
        left: AtomicUsize::new(bands),
        id,
        pixels: Box::into_raw(vec![0; len].into_boxed_slice()),
        outbox: Arc::clone(outbox),
    })));
    let mut from = 0;
    let cut = |done| {
        let len = (len - from) / (bands - done);
        let band = Band { shared, from, len };
        from += len;
        band
    };
    Ok((0..bands).map(cut).collect())
}

impl Band {
    fn shared(&self) -> &Shared {
        // SAFETY: the box stays until the last band is dropped, and this band
        // is counted.
        unsafe { self.shared.as_ref() }
    }

    /// Where the band begins in the tile.
    pub fn from(&self) -> usize {
        self.from
    }

    /// The pixels of the band.
    pub fn pixels(&mut self) -> &mut [u8] {
        let tile = self.shared().pixels.cast::<u8>();
        // SAFETY: `from` and `len` lie within the tile, no other band has these
        // pixels, and `&mut self` keeps our own calls apart.
        unsafe { slice::from_raw_parts_mut(tile.add(self.from), self.len) }
    }

    /// Keeps the first `at` pixels and gives the others away, so that another
    /// worker can help with a band that takes long.
    pub fn split_off(&mut self, at: usize) -> Result<Band, BadSplit> {
        if at == 0 || at >= self.len {
            return Err(BadSplit);
        }
        // This band keeps the tile alive, and one pixel or more for each band
        // keeps the count from wrapping.
        self.shared().left.fetch_add(1, Ordering::Relaxed);
        let rest = Band {
            shared: self.shared,
            from: self.from + at,
            len: self.len - at,
        };
        self.len = at;
        Ok(rest)
    }
}

impl Drop for Band {
    fn drop(&mut self) {
        if self.shared().left.fetch_sub(1, Ordering::Acquire) != 1 {
            return;
        }
        // SAFETY: `start` boxed it, and no band is left that could reach it.
        let shared = unsafe { Box::from_raw(self.shared.as_ptr()) };
        // SAFETY: likewise.
        let pixels = unsafe { Box::from_raw(shared.pixels) };
        shared.outbox.send(shared.id, pixels);
    }
}
