//! Values of the script as text.

use std::fmt::Write;

use rquickjs::convert::Coerced;
use rquickjs::{Ctx, FromJs, Result, String as JsString, Value};

/// A sign, 21 digits and a point; or "0." and 22 digits.
const LONGEST_NUMBER: usize = 25;

/// The text of a value: strings as they are, objects as JSON, all else as `String(value)` has it.
///
/// Calls no function by way of rquickjs: that would set a new stack top, and this may run deep inside a script.
pub(crate) fn of<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<String> {
    if let Some(string) = value.as_string() {
        return of_string(ctx, string);
    }
    if let Some(symbol) = value.as_symbol() {
        let description = symbol.description()?;
        let description = if description.is_undefined() { String::new() } else { of(ctx, description)? };
        return Ok(format!("Symbol({description})"));
    }
    if value.is_object()
        && let Some(json) = ctx.json_stringify(value.clone())?
    {
        return json.to_string();
    }
    let Coerced(string) = Coerced::<JsString>::from_js(ctx, value)?;
    of_string(ctx, &string)
}

/// The JSON of a value; `null` for what JSON has no word for.
pub(crate) fn json<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<String> {
    if let Some(text) = value.as_number().and_then(of_number) {
        return Ok(text);
    }
    match ctx.json_stringify(value)? {
        Some(json) => json.to_string(),
        None => Ok("null".into()),
    }
}

/// A number as JavaScript writes it, where Rust writes it likewise: both write the fewest digits that tell it from its
/// neighbours, but JavaScript takes an exponent for the small and the large.
fn of_number(number: f64) -> Option<String> {
    if number != 0.0 && !(1e-6..1e21).contains(&number.abs()) {
        return None;
    }
    let mut text = String::with_capacity(LONGEST_NUMBER);
    // Zero has no sign.
    write!(text, "{}", if number == 0.0 { 0.0 } else { number }).ok()?;
    Some(text)
}

/// Half a surrogate pair, which UTF-8 has no place for, becomes U+FFFD.
fn of_string<'js>(ctx: &Ctx<'js>, string: &JsString<'js>) -> Result<String> {
    match string.to_string() {
        Err(rquickjs::Error::Utf8(_)) => {
            let json = json(ctx, string.as_value().clone())?;
            serde_json::from_str(&mend(&json)).map_err(|_| rquickjs::Error::Unknown)
        }
        result => result,
    }
}

/// Replaces `\ud800` to `\udfff` in JSON; only halves are escaped there.
fn mend(json: &str) -> String {
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let is_half = escape.starts_with("\\ud") && escape.as_bytes().get(3).is_some_and(|digit| *digit >= b'8');
        let len = if is_half { 6 } else { 2 };
        mended.push_str(if is_half { "\\ufffd" } else { escape.get(..len).unwrap_or_default() });
        rest = escape.get(len..).unwrap_or_default();
    }
    mended + rest
}

#[cfg(test)]
mod tests {
    use super::mend;

    #[test]
    fn only_half_pairs_are_mended() {
        assert_eq!(mend(r#""a\ud800b""#), r#""a\ufffdb""#);
        assert_eq!(mend(r#""\udfff\n\\ud800""#), r#""\ufffd\n\\ud800""#);
        assert_eq!(mend(r#""\u0001é\"""#), r#""\u0001é\"""#);
        assert_eq!(mend(r"\"), "");
    }
}
