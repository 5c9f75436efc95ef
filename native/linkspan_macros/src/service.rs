//! `#[linkspan::service]`: the service that an `impl` block describes.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, FnArg, ImplItem, ImplItemFn, ItemImpl, Result, ReturnType, Type, Visibility};

use crate::attributes::{Cost, ServiceAttributes, docs};
use crate::operation::{Argument, Operation, argument, described, returns_result, take};

/// The block as it was, and the service; or the block and what is wrong with it.
pub fn expand(attributes: &ServiceAttributes, mut block: ItemImpl) -> TokenStream {
    let service = read(attributes, &mut block).unwrap_or_else(Error::into_compile_error);
    quote! { #block #service }
}

fn read(attributes: &ServiceAttributes, block: &mut ItemImpl) -> Result<TokenStream> {
    if let Some((_, path, _)) = &block.trait_ {
        return Err(Error::new(path.span(), "#[linkspan::service] belongs on the type's own `impl` block"));
    }
    if let Some(generic) = block.generics.params.first() {
        return Err(Error::new(generic.span(), "a service cannot be generic: callers know it by one name"));
    }
    let this = block.self_ty.clone();
    let docs = docs(&block.attrs);
    let mut operations: Vec<Operation> = Vec::new();
    let (mut start, mut stop) = (None, None);
    let mut problems: Option<Error> = None;
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else { continue };
        let read = match function.sig.ident.to_string().as_str() {
            "start" => read_start(function).map(|read| start = Some(read)),
            "stop" => read_stop(function).map(|read| stop = Some(read)),
            _ if matches!(function.vis, Visibility::Public(_)) => {
                let next = operations.iter().map(|operation| operation.number).max().unwrap_or(0) + 1;
                Operation::read(function, next).and_then(|operation| unique(&mut operations, operation, function))
            }
            _ => Ok(()),
        };
        match (read, &mut problems) {
            (Err(error), Some(all)) => all.combine(error),
            (Err(error), none) => *none = Some(error),
            (Ok(()), _) => {}
        }
    }
    if let Some(problems) = problems {
        return Err(problems);
    }
    operations.sort_by_key(|operation| operation.number);
    Ok(implementation(attributes, &this, &docs, &operations, start, stop))
}

fn unique(all: &mut Vec<Operation>, operation: Operation, function: &ImplItemFn) -> Result<()> {
    let span = function.sig.ident.span();
    if let Some(other) = all.iter().find(|other| other.number == operation.number) {
        let what =
            format!("operations `{}` and `{}` both have the number {}", other.name, operation.name, other.number);
        return Err(Error::new(span, what));
    }
    if all.iter().any(|other| other.name == operation.name) {
        return Err(Error::new(span, format!("there are two operations of the name `{}`", operation.name)));
    }
    all.push(operation);
    Ok(())
}

/// What makes an instance: its code, and the description of its arguments.
struct Start {
    code: TokenStream,
    arguments: TokenStream,
}

fn read_start(function: &ImplItemFn) -> Result<Start> {
    let signature = &function.sig;
    if let Some(FnArg::Receiver(this)) = signature.inputs.first() {
        return Err(Error::new(this.span(), "`start` makes the service: it takes arguments and returns `Self`"));
    }
    let arguments =
        signature.inputs.iter().map(|input| argument(&signature.ident, input)).collect::<Result<Vec<_>>>()?;
    let sent: Vec<_> = arguments
        .iter()
        .filter_map(|argument| match argument {
            Argument::Sent { name, r#type } => Some((name, &**r#type)),
            Argument::Context => None,
        })
        .collect();
    let take = take(sent.iter().copied());
    let passed = arguments.iter().map(|argument| match argument {
        Argument::Context => quote! { cx },
        Argument::Sent { name, .. } => quote! { #name },
    });
    let made = quote! { Self::start(#(#passed),*) };
    let made = match (&signature.output, returns_result(&signature.output)) {
        (ReturnType::Default, _) => {
            return Err(Error::new(signature.span(), "`start` returns `Self` or `Result<Self, E>`"));
        }
        (_, true) => quote! { #made.map_err(::core::convert::Into::<::linkspan::Error>::into) },
        (_, false) => quote! { ::core::result::Result::Ok(#made) },
    };
    // `request` as in an operation, so that both are decoded alike.
    let code = quote! {
        let request = ::linkspan::typed::StartArgument(argument);
        #take
        #made
    };
    Ok(Start { code, arguments: described(sent.into_iter()) })
}

fn read_stop(function: &ImplItemFn) -> Result<TokenStream> {
    let mut inputs = function.sig.inputs.iter();
    match inputs.next() {
        Some(FnArg::Receiver(this)) if this.reference.is_none() => {}
        _ => return Err(Error::new(function.sig.span(), "`stop` takes `self`, and perhaps `&Context<'_>`")),
    }
    let passes = match inputs.next().map(|input| argument(&function.sig.ident, input)).transpose()? {
        None => quote! {},
        Some(Argument::Context) => quote! { cx },
        Some(Argument::Sent { .. }) => {
            return Err(Error::new(function.sig.span(), "`stop` takes `self`, and perhaps `&Context<'_>`"));
        }
    };
    Ok(quote! {
        fn stop(self, cx: &::linkspan::Context<'_>) {
            let _ = cx;
            Self::stop(self, #passes);
        }
    })
}

fn implementation(
    attributes: &ServiceAttributes,
    this: &Type,
    docs: &str,
    operations: &[Operation],
    start: Option<Start>,
    stop: Option<TokenStream>,
) -> TokenStream {
    let name = attributes.name.as_ref().map_or_else(|| snake_case(this), syn::LitStr::value);
    let list = operations.iter().map(|Operation { number, name, .. }| {
        quote! { ::linkspan::Operation::new(#number, #name) }
    });
    let arms = operations.iter().map(Operation::arm);
    let descriptions = operations.iter().map(Operation::description);
    let independent = attributes.independent;
    let threading = if attributes.dedicated {
        quote! { Dedicated }
    } else {
        quote! { Pool }
    };
    let of_cost = |cost: Cost| operations.iter().filter(move |one| one.cost == cost).map(|one| one.number);
    let (short, long) = (arms_of(of_cost(Cost::Short), "Short"), arms_of(of_cost(Cost::Long), "Long"));
    let Start { code, arguments } = start.unwrap_or_else(|| from_default(this));
    quote! {
        impl ::linkspan::Service for #this {
            const NAME: &'static str = #name;
            const OPERATIONS: &'static [::linkspan::Operation] = &[#(#list),*];
            const THREADING: ::linkspan::Threading = ::linkspan::Threading::#threading;
            const INDEPENDENT: bool = #independent;
            const DESCRIBE: ::core::option::Option<fn() -> ::linkspan::typed::Description> = ::core::option::Option::Some(|| {
                ::linkspan::typed::Description {
                    doc: #docs.into(),
                    start: #arguments,
                    operations: ::std::vec![#(#descriptions),*],
                }
            });

            fn start(argument: &[u8], cx: &::linkspan::Context<'_>) -> ::linkspan::Result<Self> {
                let _ = cx;
                #code
            }

            fn call(
                &mut self,
                request: ::linkspan::Request<'_>,
                cx: &::linkspan::Context<'_>,
            ) -> ::linkspan::Result<::linkspan::Reply> {
                let _ = cx;
                match request.operation() {
                    #(#arms)*
                    // The host asks for no other.
                    other => ::core::unreachable!("operation {other} is not declared"),
                }
            }

            #stop

            fn cost(operation: u32, _body: usize) -> ::linkspan::Cost {
                match operation {
                    #short
                    #long
                    _ => ::linkspan::Cost::Learn,
                }
            }
        }
    }
}

fn arms_of(numbers: impl Iterator<Item = u32>, cost: &str) -> TokenStream {
    let numbers: Vec<_> = numbers.collect();
    let cost = syn::Ident::new(cost, Span::call_site());
    if numbers.is_empty() {
        quote! {}
    } else {
        quote! { #(#numbers)|* => ::linkspan::Cost::#cost, }
    }
}

/// Without a `start` the service begins with its default.
fn from_default(this: &Type) -> Start {
    let make = quote_spanned! { this.span() => <Self as ::core::default::Default>::default() };
    let take = take(std::iter::empty());
    let code = quote! {
        let request = ::linkspan::typed::StartArgument(argument);
        #take
        ::core::result::Result::Ok(#make)
    };
    Start { code, arguments: quote! { ::std::vec::Vec::new() } }
}

/// `HTTPClient` is `http_client`.
fn snake_case(this: &Type) -> String {
    let text = match this {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default(),
        _ => String::new(),
    };
    let letters: Vec<char> = text.chars().collect();
    let mut name = String::new();
    for (i, letter) in letters.iter().enumerate() {
        let begins = letter.is_uppercase()
            && i > 0
            && (letters[i - 1].is_lowercase() || letters.get(i + 1).is_some_and(|next| next.is_lowercase()));
        if begins {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}
