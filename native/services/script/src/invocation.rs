//! What `call` does: from a JSON array to a running function.

use rquickjs::context::EvalOptions;
use rquickjs::function::Args;
use rquickjs::{Ctx, Function, String as JsString, Value};

use crate::exception::Failure;
use crate::fault::Fault;
use crate::simple::{self, Argument};

/// QuickJS's own limit for `apply`.
const MOST_ARGUMENTS: usize = 65_534;

/// Calls what `body` names, and returns what that returned.
pub(crate) fn run<'js>(ctx: &Ctx<'js>, body: &str) -> Result<Value<'js>, Fault<'js>> {
    if let Some((name, arguments)) = simple::read(body) {
        let (this, function) = find(ctx, name)?.ok_or_else(|| Fault::NoFunction(name.into()))?;
        return apply(ctx, this, &function, arguments.len(), |at| value(ctx, arguments[at]));
    }
    let refuse = || Fault::BadRequest("the body is to be a JSON array: the function's name, then its arguments".into());
    let list = parse(ctx, body)?.into_array().ok_or_else(refuse)?;
    let take = |error| Fault::take(ctx, error);
    let name: Value = list.get(0).map_err(take)?;
    let name = name.as_string().ok_or_else(refuse)?.to_string().map_err(take)?;
    let (this, function) = find(ctx, &name)?.ok_or(Fault::NoFunction(name))?;
    apply(ctx, this, &function, list.len() - 1, |at| list.get(at + 1))
}

fn value<'js>(ctx: &Ctx<'js>, argument: Argument<'_>) -> rquickjs::Result<Value<'js>> {
    match argument {
        Argument::Number(number) => Ok(Value::new_number(ctx.clone(), number)),
        Argument::Text(text) => Ok(JsString::from_str(ctx.clone(), text)?.into_value()),
        Argument::Bool(bool) => Ok(Value::new_bool(ctx.clone(), bool)),
        Argument::Null => Ok(Value::new_null(ctx.clone())),
    }
}

fn parse<'js>(ctx: &Ctx<'js>, body: &str) -> Result<Value<'js>, Fault<'js>> {
    ctx.json_parse(body).map_err(|error| match Fault::take(ctx, error) {
        Fault::Thrown(error) if is(&error, "SyntaxError") => match Failure::of(ctx, Fault::Thrown(error)) {
            Failure::Exception(exception) => Fault::BadRequest(format!("the body is not JSON: {}", exception.message)),
            _ => Fault::BadRequest("the body is not JSON".into()),
        },
        fault => fault,
    })
}

/// The function at a dotted path, and the object it is a method of.
fn find<'js>(ctx: &Ctx<'js>, path: &str) -> Result<Option<(Value<'js>, Function<'js>)>, Fault<'js>> {
    let mut names = path.split('.');
    let mut this = Value::new_undefined(ctx.clone());
    let mut value = global(ctx, names.next().unwrap_or_default())?;
    for name in names {
        let Some(object) = value.as_object() else { return Ok(None) };
        let next = object.get(name).map_err(|error| Fault::take(ctx, error))?;
        this = std::mem::replace(&mut value, next);
    }
    Ok(value.into_function().map(|function| (this, function)))
}

/// A global by its name. Those made by `let`, `const` and `class` are no properties of the global object: only
/// a script can name them.
fn global<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Value<'js>, Fault<'js>> {
    let take = |error| Fault::take(ctx, error);
    let value: Value = ctx.globals().get(name).map_err(take)?;
    if !value.is_undefined() || !is_identifier(name) {
        return Ok(value);
    }
    let mut options = EvalOptions::default();
    options.strict = false;
    match ctx.eval_with_options(name, options).map_err(take) {
        Err(Fault::Thrown(error)) if is(&error, "ReferenceError") || is(&error, "SyntaxError") => Ok(value),
        result => result,
    }
}

fn is_identifier(name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    !name.is_empty() && name.chars().all(is_part) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn is(error: &Value<'_>, name: &str) -> bool {
    error.as_object().and_then(|error| error.get::<_, String>("name").ok()).is_some_and(|it| it == name)
}

fn apply<'js>(
    ctx: &Ctx<'js>,
    this: Value<'js>,
    function: &Function<'js>,
    count: usize,
    argument: impl Fn(usize) -> rquickjs::Result<Value<'js>>,
) -> Result<Value<'js>, Fault<'js>> {
    if count > MOST_ARGUMENTS {
        return Err(Fault::BadRequest(format!("a function takes at most {MOST_ARGUMENTS} arguments")));
    }
    let fill = || {
        let mut args = Args::new(ctx.clone(), count);
        args.this(this)?;
        for at in 0..count {
            args.push_arg(argument(at)?)?;
        }
        function.call_arg(args)
    };
    fill().map_err(|error| Fault::take(ctx, error))
}
