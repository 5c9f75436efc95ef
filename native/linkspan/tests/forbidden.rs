//! What cannot be a service does not compile, and the errors name the function and say what to write.

#[test]
fn what_cannot_be_a_service_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
}
