//! One coupon and its count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) struct Coupon {
    discount_cents: u32,
    limit: u32,
    /// Orders that hold this coupon now.
    used: AtomicU32,
}

impl Coupon {
    pub(crate) fn new(discount_cents: u32, limit: u32) -> Self {
        Self {
            discount_cents,
            limit,
            used: AtomicU32::new(0),
        }
    }

    pub(crate) fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }

    /// Counts one more order, unless the limit is reached.
    ///
    /// Relaxed throughout: the count stands for itself and publishes nothing.
    fn take(&self) -> bool {
        if self.used.fetch_add(1, Ordering::Relaxed) < self.limit {
            return true;
        }
        self.used.fetch_sub(1, Ordering::Relaxed);
        false
    }
}

/// One order's use of a coupon. It stays counted unless it is given back.
#[must_use]
pub struct Redemption {
    coupon: Arc<Coupon>,
}

impl Redemption {
    pub(crate) fn of(coupon: Arc<Coupon>) -> Option<Self> {
        coupon.take().then_some(Self { coupon })
    }

    /// What the order gets off, in cents.
    pub fn discount_cents(&self) -> u32 {
        self.coupon.discount_cents
    }

    /// The order was not paid: another one may have its place.
    pub fn give_back(self) {
        self.coupon.used.fetch_sub(1, Ordering::Relaxed);
    }
}
