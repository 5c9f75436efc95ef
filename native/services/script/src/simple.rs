//! Reads the body of a call that is a name and a few plain values, without QuickJS: most are. It understands less than
//! QuickJS does, and nothing otherwise.

/// Most arguments that are read here.
const MOST: usize = 4;

/// What JSON takes for space.
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// A plain value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Argument<'a> {
    Number(f64),
    Text(&'a str),
    Bool(bool),
    Null,
}

/// The arguments of a call.
#[derive(Debug)]
pub(crate) struct Arguments<'a> {
    arguments: [Argument<'a>; MOST],
    len: usize,
}

impl<'a> std::ops::Deref for Arguments<'a> {
    type Target = [Argument<'a>];

    fn deref(&self) -> &[Argument<'a>] {
        &self.arguments[..self.len]
    }
}

/// The name and the arguments in a JSON array; none if it is to be read by QuickJS, which may well refuse it.
pub(crate) fn read(body: &str) -> Option<(&str, Arguments<'_>)> {
    let (name, mut rest) = text(body.strip_prefix('[')?.trim_start_matches(SPACE))?;
    let mut read = Arguments { arguments: [Argument::Null; MOST], len: 0 };
    loop {
        rest = rest.trim_start_matches(SPACE);
        match rest.strip_prefix(',') {
            Some(next) => {
                let (argument, next) = argument(next.trim_start_matches(SPACE))?;
                *read.arguments.get_mut(read.len)? = argument;
                read.len += 1;
                rest = next;
            }
            None => return (rest == "]").then_some((name, read)),
        }
    }
}

fn argument(from: &str) -> Option<(Argument<'_>, &str)> {
    match from.as_bytes().first()? {
        b'"' => text(from).map(|(text, rest)| (Argument::Text(text), rest)),
        b'-' | b'0'..=b'9' => number(from).map(|(number, rest)| (Argument::Number(number), rest)),
        _ => {
            let words = [("true", Argument::Bool(true)), ("false", Argument::Bool(false)), ("null", Argument::Null)];
            words.into_iter().find_map(|(word, argument)| Some((argument, from.strip_prefix(word)?)))
        }
    }
}

/// A string of ASCII without escapes, and what follows it.
fn text(body: &str) -> Option<(&str, &str)> {
    let body = body.strip_prefix('"')?;
    let end = body.bytes().position(|byte| !matches!(byte, b' '..=b'~') || byte == b'"' || byte == b'\\')?;
    let rest = body[end..].strip_prefix('"')?;
    Some((&body[..end], rest))
}

/// A number without an exponent, and what follows it.
fn number(body: &str) -> Option<(f64, &str)> {
    let end = body.bytes().position(|byte| !matches!(byte, b'-' | b'.' | b'0'..=b'9'))?;
    let (text, rest) = body.split_at(end);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_whole = whole == "0" || (!whole.is_empty() && !whole.starts_with('0'));
    let is_number =
        is_whole && !part.is_empty() && !whole.contains('-') && part.bytes().all(|byte| byte.is_ascii_digit());
    let number: f64 = text.parse().ok()?;
    // A zero would lose its sign on the way.
    let is_read = is_number && !rest.starts_with(['e', 'E']) && !(number == 0.0 && number.is_sign_negative());
    is_read.then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_are_read() {
        let (name, arguments) = read(r#"["Math.max", 1, -2.50 ,"a b",true ]"#).unwrap();
        let expected = [Argument::Number(1.0), Argument::Number(-2.5), Argument::Text("a b"), Argument::Bool(true)];
        assert_eq!((name, &*arguments), ("Math.max", &expected[..]));
        let (name, arguments) = read(r#"["f"]"#).unwrap();
        assert_eq!((name, arguments.len()), ("f", 0));
        assert_eq!(&*read(r#"["f",null,false]"#).unwrap().1, [Argument::Null, Argument::Bool(false)]);
        assert!(read(r#"["f",-0]"#).is_none() && read(r#"["f",-0.0]"#).is_none());
    }

    #[test]
    fn all_else_is_left_to_quickjs() {
        let bodies = [
            "",
            "[",
            "[]",
            "[1]",
            r#"["f""#,
            r#"["f",]"#,
            r#"["f"]x"#,
            r#"["f"],"#,
            r#"["f" 1]"#,
            r#"["f",01]"#,
            r#"["f",1.]"#,
            r#"["f",.5]"#,
            r#"["f",-]"#,
            r#"["f",--1]"#,
            r#"["f",1-1]"#,
            r#"["f",1.2.3]"#,
            r#"["f",1e3]"#,
            r#"["f",1"#,
            r#"["f",tru]"#,
            r#"["f",nul]"#,
            r#"["f","\n"]"#,
            r#"["f","é"]"#,
            r#"["f",[]]"#,
            r#"["f",{}]"#,
            r#"["f",1,2,3,4,5]"#,
            "[\"f\",\"a\nb\"]",
            "[\u{a0}\"f\"]",
        ];
        for body in bodies {
            assert!(read(body).is_none(), "{body}");
        }
    }
}
