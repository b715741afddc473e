//! The one integration binary: one file an area.
