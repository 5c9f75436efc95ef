//! What the types forbid does not compile, and the errors say why.

#[test]
fn what_is_forbidden_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("compile_fail/*.rs");
}
