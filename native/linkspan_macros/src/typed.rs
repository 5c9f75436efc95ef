//! `#[derive(Typed)]`: how a type of the author's looks to callers.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result};

/// Structs with named fields, and enums without any.
pub fn expand(item: &DeriveInput) -> Result<TokenStream> {
    let name = &item.ident;
    let text = name.to_string();
    let described = match &item.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                let fields = fields.named.iter().map(|field| {
                    let (name, r#type) = (field.ident.as_ref().map(ToString::to_string), &field.ty);
                    quote! {
                        ::linkspan::typed::Argument {
                            name: #name.into(),
                            r#type: <#r#type as ::linkspan::Typed>::describe(),
                        }
                    }
                });
                quote! {
                    ::linkspan::typed::Type::Struct { name: #text.into(), fields: ::std::vec![#(#fields),*] }
                }
            }
            _ => return Err(Error::new_spanned(name, "Typed is for structs with named fields")),
        },
        Data::Enum(data) if data.variants.iter().all(|variant| matches!(variant.fields, Fields::Unit)) => {
            let variants = data.variants.iter().map(|variant| variant.ident.to_string());
            quote! { ::linkspan::typed::Type::Enum(::std::vec![#(#variants.into()),*]) }
        }
        Data::Enum(_) => quote! { ::linkspan::typed::Type::Term },
        Data::Union(_) => return Err(Error::new_spanned(name, "a union cannot be sent")),
    };
    let (generics, arguments, wheres) = item.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::linkspan::Typed for #name #arguments #wheres {
            fn describe() -> ::linkspan::typed::Type {
                #described
            }
        }
    })
}
