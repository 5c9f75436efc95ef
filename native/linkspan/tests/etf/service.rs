//! Terms as bodies and replies.

use linkspan::{Error, Reply, etf};

#[test]
fn a_reply_is_a_term() {
    assert_eq!(Reply::term(&("ok", 1)).unwrap().as_slice(), b"\x83h\x02m\0\0\0\x02oka\x01");
    let long = "x".repeat(100);
    assert_eq!(etf::from_slice::<&str>(Reply::term(&long).unwrap().as_slice()).unwrap(), long);
}

#[test]
fn a_reply_that_is_no_term_is_an_error() {
    let Error::Failed { code, message } = Reply::term(&f64::NAN).unwrap_err() else { panic!("another error") };
    assert_eq!((code, &*message), (0, "the reply is not a term: a float is not finite"));
}
