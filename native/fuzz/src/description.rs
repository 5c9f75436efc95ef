//! Descriptions of typed services, which are read from their libraries: the same term again, and JSON.

use linkspan::etf;
use linkspan::typed::Description;

/// A description.
pub fn check(bytes: &[u8]) -> bool {
    let Ok(description) = etf::from_slice::<Description>(bytes) else { return false };
    let written = etf::to_vec(&description).expect("what was read can be written");
    assert_eq!(etf::from_slice::<Description>(&written).expect("what was written can be read"), description);
    let json = serde_json::to_string(&description).expect("a description as JSON");
    assert_eq!(serde_json::from_str::<Description>(&json).expect("the same from JSON"), description);
    true
}
