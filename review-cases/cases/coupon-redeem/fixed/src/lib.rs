//! Coupons at the checkout: each code is good for a limited number of orders.

mod coupon;
mod desk;

pub use coupon::Redemption;
pub use desk::{Desk, Duplicate, RedeemError};
