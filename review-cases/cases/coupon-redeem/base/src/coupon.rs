//! One coupon and its count.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) struct Coupon {
    discount_cents: u32,
    limit: u32,
    /// Orders that hold this coupon now.
    used: Mutex<u32>,
}

impl Coupon {
    pub(crate) fn new(discount_cents: u32, limit: u32) -> Self {
        Self {
            discount_cents,
            limit,
            used: Mutex::new(0),
        }
    }

    pub(crate) fn used(&self) -> u32 {
        *self.lock()
    }

    /// Counts one more order, unless the limit is reached.
    fn take(&self) -> bool {
        let mut used = self.lock();
        if *used >= self.limit {
            return false;
        }
        *used += 1;
        true
    }

    fn lock(&self) -> MutexGuard<'_, u32> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
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
        *self.coupon.lock() -= 1;
    }
}
