//! One operation: a `pub fn` of the annotated `impl` block.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, FnArg, Ident, ImplItemFn, Pat, PatType, Result, ReturnType, Type};

use crate::attributes::{Cost, Form, OperationAttributes, docs};

/// An operation as it was written.
pub struct Operation {
    pub number: u32,
    pub name: String,
    docs: String,
    function: Ident,
    arguments: Vec<Argument>,
    returns: ReturnType,
    form: Form,
    pub cost: Cost,
}

/// An argument of a function.
pub enum Argument {
    /// The host's side of the call.
    Context,
    /// What the caller sends.
    Sent { name: Ident, r#type: Box<Type> },
}

impl Operation {
    /// Reads a `pub fn`; `next` is the number it has unless it says another.
    pub fn read(function: &mut ImplItemFn, next: u32) -> Result<Self> {
        let attributes = OperationAttributes::take(&mut function.attrs)?;
        let signature = &function.sig;
        let name = &signature.ident;
        check(function)?;
        let mut inputs = signature.inputs.iter();
        match inputs.next() {
            Some(FnArg::Receiver(this)) if this.reference.is_some() => {}
            first => {
                let what = format!(
                    "operation `{name}` needs `&self` or `&mut self`: what is no operation is private, or in another \
                     `impl` block"
                );
                return Err(Error::new(first.map_or(signature.span(), Spanned::span), what));
            }
        }
        let arguments = inputs.map(|input| argument(name, input)).collect::<Result<Vec<_>>>()?;
        let number = match &attributes.number {
            Some(number) => number.base10_parse()?,
            None => next,
        };
        let operation = Operation {
            number,
            name: attributes.name.map_or_else(|| name.unraw().to_string(), |name| name.value()),
            docs: docs(&function.attrs),
            function: name.clone(),
            arguments,
            returns: signature.output.clone(),
            form: attributes.form,
            cost: attributes.cost,
        };
        operation.check_form(signature.span())?;
        Ok(operation)
    }

    fn check_form(&self, span: proc_macro2::Span) -> Result<()> {
        let name = &self.name;
        let sent = self.sent().count();
        let what = match self.form {
            Form::Raw if sent != 1 => {
                format!("operation `{name}` is `raw`: it takes one argument, `&[u8]`, and returns what becomes `Bytes`")
            }
            Form::Stream if matches!(self.returns, ReturnType::Default) => {
                format!("operation `{name}` is a `stream`: it returns an iterator that owns what it needs")
            }
            _ => return Ok(()),
        };
        Err(Error::new(span, what))
    }

    fn sent(&self) -> impl Iterator<Item = (&Ident, &Type)> {
        self.arguments.iter().filter_map(|argument| match argument {
            Argument::Sent { name, r#type } => Some((name, &**r#type)),
            Argument::Context => None,
        })
    }

    /// The match arm that runs it.
    pub fn arm(&self) -> TokenStream {
        let Operation { number, function, form, .. } = self;
        let take = match form {
            Form::Raw => {
                let (name, _) = self.sent().next().expect("checked");
                quote! { let #name = request.body(); }
            }
            _ => take(self.sent()),
        };
        let passed = self.arguments.iter().map(Argument::passed);
        // What is wrong with the result is said where the function says what it is.
        let at = result_of(&self.returns).map_or(function.span(), Spanned::span).resolved_at(Span::call_site());
        let mut called = quote_spanned! { at=> Self::#function(self, #(#passed),*) };
        if returns_result(&self.returns) {
            let at = error_of(&self.returns).map_or(at, |error| error.span().resolved_at(at));
            called = quote_spanned! { at=> ::linkspan::typed::refused(#called)? };
        }
        let reply = match form {
            Form::Call if is_nothing(&self.returns) => quote! { { #called; ::linkspan::typed::nothing() } },
            Form::Call => quote_spanned! { at=> ::linkspan::typed::reply(&#called)? },
            Form::Cast => quote! { { let _ = #called; ::linkspan::Reply::empty() } },
            Form::Stream => quote_spanned! { at=> ::linkspan::typed::stream(#called) },
            Form::Raw => quote_spanned! { at=> ::linkspan::typed::raw(#called) },
        };
        quote! { #number => { #take ::core::result::Result::Ok(#reply) } }
    }

    /// What the description says of it.
    pub fn description(&self) -> TokenStream {
        let Operation { number, name, docs, form, .. } = self;
        let arguments = match form {
            Form::Raw => quote! { ::std::vec::Vec::new() },
            _ => described(self.sent()),
        };
        let returns = match form {
            Form::Raw => quote! { ::linkspan::typed::Type::Binary },
            Form::Cast => quote! { ::linkspan::typed::Type::Nothing },
            Form::Stream => match item_of(&self.returns) {
                Some(r#type) => type_of(r#type),
                None => quote! { ::linkspan::typed::Type::Term },
            },
            Form::Call => match result_of(&self.returns) {
                Some(r#type) => type_of(r#type),
                None => quote! { ::linkspan::typed::Type::Nothing },
            },
        };
        let form = form.name();
        let cost = match self.cost {
            Cost::Short => "short",
            Cost::Long => "long",
            Cost::Learn => "learn",
        };
        quote! {
            ::linkspan::typed::Operation {
                number: #number,
                name: #name.into(),
                doc: #docs.into(),
                arguments: #arguments,
                returns: #returns,
                form: #form.into(),
                cost: #cost.into(),
            }
        }
    }
}

impl Argument {
    fn passed(&self) -> TokenStream {
        match self {
            Argument::Context => quote! { cx },
            Argument::Sent { name, .. } => quote! { #name },
        }
    }
}

fn check(function: &ImplItemFn) -> Result<()> {
    let signature = &function.sig;
    let name = &signature.ident;
    let refuse = |span, what: &str| Err(Error::new(span, format!("operation `{name}` {what}")));
    if let Some(token) = &signature.asyncness {
        return refuse(token.span(), "cannot be async: declare it `#[op(long)]`, and it runs on a worker thread");
    }
    if let Some(generic) = signature.generics.params.iter().find(|one| !matches!(one, syn::GenericParam::Lifetime(_))) {
        return refuse(generic.span(), "cannot be generic: write the types that callers send");
    }
    Ok(())
}

/// Reads one argument.
pub fn argument(function: &Ident, input: &FnArg) -> Result<Argument> {
    let FnArg::Typed(PatType { pat, ty, .. }) = input else {
        return Err(Error::new(input.span(), format!("`{function}` takes no `self` here")));
    };
    if is_context(ty) {
        return Ok(Argument::Context);
    }
    match &**pat {
        Pat::Ident(name) => Ok(Argument::Sent { name: name.ident.clone(), r#type: ty.clone() }),
        other => {
            let what = format!("an argument of `{function}` needs a name, by which callers know it");
            Err(Error::new(other.span(), what))
        }
    }
}

/// Decodes arguments into variables of their names.
pub fn take<'a>(sent: impl Iterator<Item = (&'a Ident, &'a Type)>) -> TokenStream {
    let sent: Vec<_> = sent.collect();
    let count = sent.len();
    let taken = sent.iter().map(|(name, r#type)| {
        let text = name.unraw().to_string();
        let at = r#type.span().resolved_at(Span::call_site());
        let r#type = elided(r#type.to_token_stream());
        quote_spanned! { at=> let #name: #r#type = sent.take(#text)?; }
    });
    quote! {
        let mut sent = ::linkspan::typed::Arguments::read(request.body(), #count)?;
        #(#taken)*
        sent.end()?;
    }
}

/// A type without the lifetimes that its function names: they mean nothing outside of it.
fn elided(tokens: TokenStream) -> TokenStream {
    let mut quote = false;
    let elide = |token| {
        let behind_quote =
            std::mem::replace(&mut quote, matches!(&token, TokenTree::Punct(one) if one.as_char() == '\''));
        match token {
            TokenTree::Ident(name) if behind_quote && name != "static" => Ident::new("_", name.span()).into(),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), elided(group.stream()));
                inner.set_span(group.span());
                inner.into()
            }
            other => other,
        }
    };
    tokens.into_iter().map(elide).collect()
}

/// The description of arguments.
pub fn described<'a>(sent: impl Iterator<Item = (&'a Ident, &'a Type)>) -> TokenStream {
    let described = sent.map(|(name, r#type)| {
        let (name, r#type) = (name.unraw().to_string(), type_of(r#type));
        quote! { ::linkspan::typed::Argument { name: #name.into(), r#type: #r#type } }
    });
    quote! { ::std::vec![#(#described),*] }
}

fn type_of(r#type: &Type) -> TokenStream {
    let r#type = elided(r#type.to_token_stream());
    quote! {{
        #[allow(unused_imports)] // where the type describes itself
        use ::linkspan::typed::Undescribed as _;
        ::linkspan::typed::Probe::<#r#type>::describe()
    }}
}

fn is_context(r#type: &Type) -> bool {
    let Type::Reference(reference) = r#type else { return false };
    matches!(&*reference.elem, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Context"))
}

fn result_segment(returns: &ReturnType) -> Option<&syn::PathSegment> {
    let ReturnType::Type(_, r#type) = returns else { return None };
    let Type::Path(path) = &**r#type else { return None };
    path.path.segments.last().filter(|last| last.ident == "Result")
}

/// Whether a function returns what is called `Result`.
pub fn returns_result(returns: &ReturnType) -> bool {
    result_segment(returns).is_some()
}

/// What a function returns when all goes well.
fn result_of(returns: &ReturnType) -> Option<&Type> {
    match (result_segment(returns), returns) {
        (Some(segment), _) => match &segment.arguments {
            syn::PathArguments::AngleBracketed(list) => list.args.iter().find_map(|argument| match argument {
                syn::GenericArgument::Type(r#type) => Some(r#type),
                _ => None,
            }),
            _ => None,
        },
        (None, ReturnType::Type(_, r#type)) => Some(r#type),
        (None, ReturnType::Default) => None,
    }
}

/// What a function returns when it refuses, where it says so.
fn error_of(returns: &ReturnType) -> Option<&Type> {
    let syn::PathArguments::AngleBracketed(list) = &result_segment(returns)?.arguments else { return None };
    list.args
        .iter()
        .filter_map(|argument| match argument {
            syn::GenericArgument::Type(r#type) => Some(r#type),
            _ => None,
        })
        .nth(1)
}

/// What an iterator brings, where the function says so: `impl Iterator<Item = T>`.
fn item_of(returns: &ReturnType) -> Option<&Type> {
    let Type::ImplTrait(iterator) = result_of(returns)? else { return None };
    iterator.bounds.iter().find_map(|bound| {
        let syn::TypeParamBound::Trait(bound) = bound else { return None };
        let syn::PathArguments::AngleBracketed(list) = &bound.path.segments.last()?.arguments else { return None };
        list.args.iter().find_map(|argument| match argument {
            syn::GenericArgument::AssocType(binding) if binding.ident == "Item" => Some(&binding.ty),
            _ => None,
        })
    })
}

fn is_nothing(returns: &ReturnType) -> bool {
    match result_of(returns) {
        None => true,
        Some(Type::Tuple(tuple)) => tuple.elems.is_empty(),
        Some(_) => false,
    }
}
