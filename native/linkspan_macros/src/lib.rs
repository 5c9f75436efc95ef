//! The macros of the crate `linkspan`, which re-exports and documents them.
#![forbid(unsafe_code)]

mod attributes;
mod operation;
mod service;
mod typed;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemImpl, parse_macro_input};

use crate::attributes::ServiceAttributes;

/// See `linkspan::service`.
#[proc_macro_attribute]
pub fn service(attributes: TokenStream, item: TokenStream) -> TokenStream {
    let attributes = parse_macro_input!(attributes as ServiceAttributes);
    let item = parse_macro_input!(item as ItemImpl);
    service::expand(&attributes, item).into()
}

/// See `linkspan::Typed`.
#[proc_macro_derive(Typed)]
pub fn typed(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    typed::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}
