//! A route without authentication does not compile, unless it is marked.

#[test]
fn a_route_needs_a_caller_or_a_mark() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/routes/with_a_caller.rs");
    cases.pass("tests/routes/marked.rs");
    cases.compile_fail("tests/routes/without_a_caller.rs");
    cases.compile_fail("tests/routes/a_made_up_caller.rs");
}
