//! `console.log` and its kin: lines on standard output and standard error.

use std::io::{self, Write};

use rquickjs::prelude::Rest;
use rquickjs::{Ctx, Function, Object, Result, Value};

use crate::text;

/// Makes the global `console`.
pub(crate) fn install(ctx: &Ctx<'_>) -> Result<()> {
    let console = Object::new(ctx.clone())?;
    for name in ["log", "info"] {
        console.set(name, Function::new(ctx.clone(), out)?.with_name(name)?)?;
    }
    for name in ["warn", "error"] {
        console.set(name, Function::new(ctx.clone(), err)?.with_name(name)?)?;
    }
    ctx.globals().set("console", console)
}

fn out<'js>(ctx: Ctx<'js>, values: Rest<Value<'js>>) -> Result<()> {
    let line = line(&ctx, values)?;
    // Nobody can be told that nobody listens; `println!` would panic. Likewise below.
    let _ = io::stdout().write_all(line.as_bytes());
    Ok(())
}

fn err<'js>(ctx: Ctx<'js>, values: Rest<Value<'js>>) -> Result<()> {
    let line = line(&ctx, values)?;
    let _ = io::stderr().write_all(line.as_bytes());
    Ok(())
}

fn line<'js>(ctx: &Ctx<'js>, values: Rest<Value<'js>>) -> Result<String> {
    let texts: Vec<String> = values.0.into_iter().map(|value| text::of(ctx, value)).collect::<Result<_>>()?;
    Ok(texts.join(" ") + "\n")
}
