//! A simulated Spectora: two invented companies behind the same paths, traps and faults.
