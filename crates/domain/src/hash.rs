//! The one hash that is stored and sent.

/// A mark of the content (FNV-1a, 64 bits): the same over releases and machines. It guards against mistakes, not against
/// attacks.
pub fn content_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
