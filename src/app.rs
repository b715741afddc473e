//! The long-lived parts that every request may use.
