//! The interpreter without a host.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use linkspan::Error;

use super::{Interpreter, Task, Terms};
use crate::{Limits, code};

const STACK: usize = 1 << 20;

fn interpreter() -> Interpreter {
    Interpreter::new(Limits::default()).unwrap()
}

fn limited(memory: usize) -> Interpreter {
    Interpreter::new(Limits { memory, ..Limits::default() }).unwrap()
}

fn run(interpreter: &mut Interpreter, task: Task<'_>) -> Result<String, Error> {
    interpreter.run(task, Terms { stack: STACK, cancelled: None })
}

fn eval(interpreter: &mut Interpreter, source: &str) -> Result<String, Error> {
    run(interpreter, Task::Eval { source, file: "eval" })
}

fn call(interpreter: &mut Interpreter, body: &str) -> Result<String, Error> {
    run(interpreter, Task::Call { body, short: false })
}

/// Cancels at the third question, which a script that runs has long begun by.
fn eval_and_cancel(interpreter: &mut Interpreter, source: &str) -> Result<String, Error> {
    let asked = AtomicUsize::new(0);
    let cancelled = Box::new(move || asked.fetch_add(1, Ordering::Relaxed) >= 2);
    interpreter.run(Task::Eval { source, file: "eval" }, Terms { stack: STACK, cancelled: Some(cancelled) })
}

#[track_caller]
fn failed(result: Result<String, Error>, expected: u32) -> String {
    match result {
        Err(Error::Failed { code, message }) if code == expected => message,
        other => panic!("expected code {expected}, got {other:?}"),
    }
}

#[test]
fn state_stays_between_tasks() {
    let js = &mut interpreter();
    assert_eq!(eval(js, "a = 1").unwrap(), "1");
    assert_eq!(eval(js, "while (a < 10) a *= 3").unwrap(), "27");
    assert_eq!(eval(js, "a").unwrap(), "27");
}

#[test]
fn interpreters_share_nothing() {
    let (one, other) = (&mut interpreter(), &mut interpreter());
    eval(one, "a = 1; Object.prototype.b = 2").unwrap();
    assert_eq!(eval(other, "typeof a + typeof ({}).b").unwrap(), "undefinedundefined");
}

#[test]
fn a_value_has_a_text() {
    let js = &mut interpreter();
    let texts = [
        ("'a\\nb'", "a\nb"),
        ("", "undefined"),
        ("null", "null"),
        ("-0.5e30", "-5e+29"),
        ("2n ** 70n", "1180591620717411303424"),
        ("[1, 'x', null]", r#"[1,"x",null]"#),
        ("({a: {b: 1}})", r#"{"a":{"b":1}}"#),
        ("(x) => x", "(x) => x"),
        ("Symbol('s')", "Symbol(s)"),
        ("Symbol()", "Symbol()"),
        ("({toJSON() {}})", "[object Object]"),
        ("'\\u0000'", "\0"),
        ("'\\ud83d\\ude00 \\ud800 \\\\ud800'", "\u{1f600} \u{fffd} \\ud800"),
    ];
    for (source, text) in texts {
        assert_eq!(eval(js, source).as_deref(), Ok(text), "{source}");
    }
}

#[test]
fn an_exception_names_its_line_and_brings_its_stack() {
    let js = &mut interpreter();
    let message = failed(eval(js, "x"), code::EXCEPTION);
    assert_eq!(message, "eval:1: ReferenceError: x is not defined\n    at <eval> (eval:1:1)");
    let message = failed(eval(js, "function f() {\n  throw new TypeError('no')\n}\nf()"), code::EXCEPTION);
    assert_eq!(message, "eval:2: TypeError: no\n    at f (eval:2:13)\n    at <eval> (eval:4:1)");
    let message = failed(eval(js, "a = 1\n]"), code::EXCEPTION);
    assert!(message.starts_with("eval:2: SyntaxError: "), "{message}");
}

#[test]
fn whatever_is_thrown_is_told() {
    let js = &mut interpreter();
    let told = [
        ("throw 5", "eval: Uncaught: 5"),
        ("throw undefined", "eval: Uncaught: undefined"),
        ("throw {a: 1}", r#"eval: Uncaught: {"a":1}"#),
        ("throw {toJSON() { throw 1 }}", "eval: Uncaught: a value without a text"),
        ("e = new Error('m'); e.stack = '5'; throw e", "eval: Error: m\n5"),
        ("e = new Error('m'); Object.defineProperty(e, 'stack', {get() { throw 1 }}); throw e", "eval: Error: m"),
        ("a = {}; a.a = a; a", "eval: TypeError: circular reference"),
    ];
    for (source, message) in told {
        let told = failed(eval(js, source), code::EXCEPTION);
        assert!(told.starts_with(message), "{source}: {told}");
    }
    assert_eq!(eval(js, "1 + 1").unwrap(), "2");
}

#[test]
fn a_function_is_called_with_json() {
    let js = &mut interpreter();
    eval(js, "function sum(...n) { return n.reduce((a, b) => a + b, 0) }; const twice = (x) => [x, x]").unwrap();
    eval(js, "o = {n: 7, get() { return this.n }, none() {}}").unwrap();
    let calls = [
        (r#"["sum", 1, 2, 3, 4, 5, 6]"#, "21"),
        (r#"["sum"]"#, "0"),
        (r#"["twice", {"a": "é\ud800"}]"#, r#"[{"a":"é\ud800"},{"a":"é\ud800"}]"#),
        (r#"["Math.max", 1, 3, 2]"#, "3"),
        (r#"["o.get"]"#, "7"),
        (r#"["o.none"]"#, "null"),
    ];
    for (body, reply) in calls {
        assert_eq!(call(js, body).as_deref(), Ok(reply), "{body}");
    }
}

#[test]
fn plain_values_are_read_as_quickjs_reads_them() {
    let js = &mut interpreter();
    eval(js, "function same(...x) { return [x, String(1 / x[0]), typeof x[0]] } function id(x) { return x }").unwrap();
    let values = [
        "0",
        "-0",
        "1",
        "-1",
        "0.1",
        "-12.5",
        "123456789012345678901234567890",
        "0.1000000000000000055",
        "2147483648",
        "9007199254740993",
        "true",
        "null",
        r#""""#,
        r#""a b""#,
        "0.0000001",
        "1000000000000000000000",
        "0.000001",
        "999999999999999934463",
        "12.566370614359172",
        "5e-324",
        "1e21",
        r#""\u00e9""#,
        "[1]",
    ];
    for value in values {
        for function in ["same", "id"] {
            let body = format!("[\"{function}\", {value}]");
            // With a space behind it, it is none that we read ourselves.
            assert_eq!(call(js, &body), call(js, &format!("{body} ")), "{body}");
        }
        let parsed = eval(js, &format!("JSON.stringify(JSON.parse('{value}'))")).unwrap();
        assert_eq!(call(js, &format!("[\"id\", {value}]")).unwrap(), parsed, "{value}");
    }
}

#[test]
fn a_body_that_is_no_call_is_refused() {
    let js = &mut interpreter();
    for body in ["", "{", "5", "{}", "[]", "[1]", "[null, \"f\"]", "[\"f\",]", "[\"f\"]\0"] {
        assert!(matches!(call(js, body), Err(Error::BadRequest(_))), "{body}");
    }
    let many = format!("[\"Math.max\"{}]", ",1".repeat(70_000));
    assert!(matches!(call(js, &many), Err(Error::BadRequest(_))));
    assert!(matches!(eval(js, "1\0"), Err(Error::BadRequest(_))));
}

#[test]
fn a_function_that_is_not_there_is_named() {
    let js = &mut interpreter();
    for name in ["nope", "Math.nope", "Math.PI", "nope.nope", "", ".", "if", "1", "Math.", "a b", "(()=>1)"] {
        let message = failed(call(js, &format!("[\"{name}\"]")), code::NO_FUNCTION);
        assert_eq!(message, format!("no function {name}"));
    }
}

#[test]
fn an_exception_in_a_call_is_told_as_in_eval() {
    let js = &mut interpreter();
    eval(js, "function f(x) { return x.y.z }").unwrap();
    assert!(failed(call(js, r#"["f", {}]"#), code::EXCEPTION).starts_with("eval:1: TypeError: "));
    assert!(failed(call(js, r#"["BigInt", 1]"#), code::EXCEPTION).starts_with("call: TypeError: "));
}

#[test]
fn a_promise_is_what_became_of_it() {
    let js = &mut interpreter();
    assert_eq!(eval(js, "(async () => { await 1; return {a: await 2} })()").unwrap(), r#"{"a":2}"#);
    let message = failed(eval(js, "(async () => { await 1; null.x })()"), code::EXCEPTION);
    assert!(message.starts_with("eval:1: TypeError: "), "{message}");
    assert_eq!(failed(eval(js, "Promise.reject(7)"), code::EXCEPTION), "eval: Uncaught: 7");
    failed(eval(js, "new Promise(() => {})"), code::PENDING);
    eval(js, "async function later(x) { await 0; return x }").unwrap();
    assert_eq!(call(js, r#"["later", [1]]"#).unwrap(), "[1]");
}

#[test]
fn jobs_run_even_if_the_script_throws() {
    let js = &mut interpreter();
    failed(eval(js, "Promise.resolve().then(() => done = 1); throw 5"), code::EXCEPTION);
    assert_eq!(eval(js, "done").unwrap(), "1");
}

#[test]
fn a_cancelled_script_ends_and_cannot_catch_it() {
    let endless = [
        "for (;;);",
        "while (true) { try { for (;;); } catch (e) {} }",
        "for (;;) { try { for (;;); } finally { continue } }",
        "for (;;) (async () => { for (;;); })()",
        "(async () => { for (;;) try { await (async () => { for (;;); })() } catch {} })()",
        "(async () => { for (;;) await null })()",
        "(function f() { Promise.resolve().then(f) })()",
        "for (;;) try { console.log({toJSON() { for (;;); }}) } catch {}",
        "/(a*)*b/.test('a'.repeat(40))",
    ];
    for source in endless {
        let js = &mut interpreter();
        let message = failed(eval_and_cancel(js, source), code::CANCELLED);
        assert!(message.contains(": Cancelled: nobody waits for the answer"), "{message}");
        assert_eq!(eval(js, "1 + 1").as_deref(), Ok("2"), "after {source}");
    }
}

#[test]
fn a_script_out_of_time_ends() {
    let time = Some(Duration::from_millis(20));
    let js = &mut Interpreter::new(Limits { time, ..Limits::default() }).unwrap();
    let message = failed(eval(js, "for (;;);"), code::TIME);
    assert_eq!(message, "eval:1: TimeLimit: stopped after 20 ms\n    at <eval> (eval:1:1)");
    assert_eq!(eval(js, "1 + 1").unwrap(), "2");
}

#[test]
fn a_short_call_that_is_not_over_in_time_ends_without_being_cancelled() {
    let js = &mut interpreter();
    eval(js, "function f(x) { while (x); return 1 } async function g() { for (;;) await 0 }").unwrap();
    for (body, time) in [(r#"["f", true]"#, "f (eval:1:"), (r#"["g"]"#, ""), (r#"["f", [1]]"#, "f (eval:1:")] {
        let message = failed(run(js, Task::Call { body, short: true }), code::TIME);
        assert!(message.contains("TimeLimit: stopped after 10 ms") && message.contains(time), "{message}");
        assert_eq!(run(js, Task::Call { body: r#"["f", false]"#, short: true }).as_deref(), Ok("1"));
    }
    let time = Some(Duration::from_millis(1));
    let js = &mut Interpreter::new(Limits { time, ..Limits::default() }).unwrap();
    eval(js, "function f() { for (;;); }").unwrap();
    let message = failed(run(js, Task::Call { body: r#"["f"]"#, short: true }), code::TIME);
    assert!(message.contains("stopped after 1 ms"), "{message}");
}

#[test]
fn cycles_of_short_calls_are_collected() {
    let js = &mut limited(4 << 20);
    eval(js, "function f() { for (let i = 0; i < 100; i++) { let a = {}; a.a = a } return 0 }").unwrap();
    for _ in 0..2000 {
        run(js, Task::Call { body: r#"["f"]"#, short: true }).unwrap();
    }
}

#[test]
fn a_script_out_of_memory_ends_and_can_let_go() {
    let hoards = [
        "all = []; for (;;) all.push({})",
        "all = null; for (;;) all = {all}",
        "all = {}; for (let i = 0;; i++) all['k' + i] = i",
        "all = new Map(); for (let i = 0;; i++) all.set(i, [i])",
        "all = 'x'.repeat(1 << 24)",
        "all = new Int8Array(200000); all = {...all}",
        "(() => { let l; for (;;) l = {l} })()",
    ];
    // Each size runs out at another place, and QuickJS has to get away from all of them.
    for memory in (1 << 20..1 << 21).step_by(50_021) {
        for source in hoards {
            let js = &mut limited(memory);
            let message = failed(eval(js, source), code::MEMORY);
            assert!(message.contains(": InternalError: out of memory"), "{message}");
            assert_eq!(eval(js, "1 + 1").as_deref(), Ok("2"), "{memory}, after {source}");
            assert_eq!(eval(js, "all = null").as_deref(), Ok("null"), "{memory}, after {source}");
            assert_eq!(eval(js, "Array(9999).fill(1).length").as_deref(), Ok("9999"), "{memory}, after {source}");
        }
    }
}

#[test]
fn cycles_of_past_tasks_are_collected() {
    let js = &mut limited(4 << 20);
    for _ in 0..200 {
        eval(js, "for (let i = 0; i < 1000; i++) { let a = {}; a.a = a } 0").unwrap();
    }
}

#[test]
fn a_stack_overflow_is_an_exception() {
    let js = &mut interpreter();
    eval(js, "p = new Proxy({}, {get: console.log}); x = []; for (i = 0; i < 1e5; i++) x = [x]; 0").unwrap();
    let deep = ["function f() { f() } f()", "JSON.stringify(x)", "x", "eval('('.repeat(1e5))", "console.log(p)"];
    for source in deep {
        let message = failed(eval(js, source), code::EXCEPTION);
        assert!(message.contains("RangeError: Maximum call stack size exceeded"), "{source}: {message}");
        assert_eq!(eval(js, "1 + 1").unwrap(), "2");
    }
    assert!(call(js, &"[".repeat(100_000)).is_err());
}

#[test]
fn each_task_uses_the_stack_of_its_own_thread() {
    let js = &mut interpreter();
    eval(js, "function depth() { try { return 1 + depth() } catch { return 1 } }").unwrap();
    let depth = |js: &mut Interpreter, stack| {
        let terms = Terms { stack, cancelled: None };
        js.run(Task::Eval { source: "depth()", file: "eval" }, terms).unwrap().parse::<u32>().unwrap()
    };
    let here = depth(js, STACK);
    let there = std::thread::scope(|scope| scope.spawn(|| depth(js, 160 << 10)).join().unwrap());
    assert!(there < here, "{there} < {here}");
    assert_eq!(depth(js, STACK), here);
    let terms = Terms { stack: 64 << 10, cancelled: None };
    failed(js.run(Task::Eval { source: "1", file: "eval" }, terms), code::STACK);
}

#[test]
fn a_long_string_comes_back_whole() {
    let js = &mut interpreter();
    assert_eq!(eval(js, "'é'.repeat(5e6)").unwrap(), "é".repeat(5_000_000));
    failed(eval(js, "'x'.repeat(1e9)"), code::MEMORY);
    failed(eval(js, "'x'.repeat(2 ** 31)"), code::EXCEPTION);
    let source = format!("'{}'.length", "x".repeat(5_000_000));
    assert_eq!(eval(js, &source).unwrap(), "5000000");
}

#[test]
fn the_watch_is_idle_between_tasks() {
    let js = &mut interpreter();
    let held = Arc::new(());
    let shared = held.clone();
    let cancelled = Box::new(move || Arc::strong_count(&shared) == 0);
    js.run(Task::Eval { source: "1", file: "eval" }, Terms { stack: STACK, cancelled: Some(cancelled) }).unwrap();
    assert_eq!(Arc::strong_count(&held), 1);
}
