//! What may stand in `#[linkspan::service(..)]` and `#[op(..)]`, and in doc comments.

use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, ExprLit, Lit, LitInt, LitStr, Meta, Result};

/// `#[linkspan::service(name = "sum", independent, dedicated)]`.
#[derive(Default)]
pub struct ServiceAttributes {
    pub name: Option<LitStr>,
    pub independent: bool,
    pub dedicated: bool,
}

impl Parse for ServiceAttributes {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut found = ServiceAttributes::default();
        let parser = syn::meta::parser(|meta| found.take(&meta));
        let tokens = input.parse()?;
        syn::parse::Parser::parse2(parser, tokens)?;
        Ok(found)
    }
}

impl ServiceAttributes {
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if meta.path.is_ident("name") {
            self.name = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("independent") {
            self.independent = true;
        } else if meta.path.is_ident("dedicated") {
            self.dedicated = true;
        } else {
            return Err(meta.error("a service has `name = \"..\"`, `independent` and `dedicated`"));
        }
        Ok(())
    }
}

/// How a request and its answer travel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Terms there, a term back.
    Call,
    /// Terms there, nothing back.
    Cast,
    /// Terms there, many terms back.
    Stream,
    /// Bytes there and back.
    Raw,
}

impl Form {
    pub fn name(self) -> &'static str {
        match self {
            Form::Call => "call",
            Form::Cast => "cast",
            Form::Stream => "stream",
            Form::Raw => "raw",
        }
    }
}

/// What a request costs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    Short,
    Long,
    Learn,
}

/// `#[op(short, cast, name = "..", number = 1)]`.
pub struct OperationAttributes {
    pub form: Form,
    pub cost: Cost,
    pub name: Option<LitStr>,
    pub number: Option<LitInt>,
}

impl OperationAttributes {
    /// Reads and removes the `op` attributes of a function.
    pub fn take(attributes: &mut Vec<Attribute>) -> Result<Self> {
        let mut found = OperationAttributes { form: Form::Call, cost: Cost::Learn, name: None, number: None };
        for attribute in attributes.extract_if(.., |attribute| attribute.path().is_ident("op")) {
            attribute.parse_nested_meta(|meta| found.one(&meta))?;
        }
        Ok(found)
    }

    fn one(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let is = |name| meta.path.is_ident(name);
        match () {
            () if is("short") => self.cost = Cost::Short,
            () if is("long") => self.cost = Cost::Long,
            () if is("learn") => self.cost = Cost::Learn,
            () if is("cast") => self.form = Form::Cast,
            () if is("stream") => self.form = Form::Stream,
            () if is("raw") => self.form = Form::Raw,
            () if is("name") => self.name = Some(meta.value()?.parse()?),
            () if is("number") => self.number = Some(meta.value()?.parse()?),
            () => {
                return Err(meta.error(
                    "an operation has a cost: `short`, `long` or `learn`; a form: `cast`, `stream` or `raw`; \
                     `name = \"..\"` and `number = 1`",
                ));
            }
        }
        Ok(())
    }
}

/// The text of doc comments.
pub fn docs(attributes: &[Attribute]) -> String {
    let lines =
        attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| match &attribute
            .meta
        {
            Meta::NameValue(pair) => match &pair.value {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
    let lines: Vec<String> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_string()).collect();
    lines.join("\n").trim().to_string()
}
