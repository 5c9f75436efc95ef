//! `#[derive(Typed)]`: how a type of the author's looks to callers.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Error, Fields, LitStr, Result};

/// Structs with named fields, and enums without any.
pub fn expand(item: &DeriveInput) -> Result<TokenStream> {
    let name = &item.ident;
    let text = name.to_string();
    let all = Case::of(&item.attrs);
    let described = match &item.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                let fields = fields.named.iter().map(|field| {
                    let written = field.ident.as_ref().map(|name| name.unraw().to_string()).unwrap_or_default();
                    let name = renamed(&field.attrs).unwrap_or_else(|| all.apply_to_field(&written));
                    let r#type = &field.ty;
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
            let variants = data.variants.iter().map(|variant| {
                renamed(&variant.attrs).unwrap_or_else(|| all.apply_to_variant(&variant.ident.unraw().to_string()))
            });
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

/// `#[serde(rename = "..")]`.
fn renamed(attributes: &[Attribute]) -> Option<String> {
    serde(attributes, "rename")
}

/// The text of an attribute of serde's; what does not concern names is serde's business.
fn serde(attributes: &[Attribute], key: &str) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident(key) {
                found = Some(meta.value()?.parse::<LitStr>()?.value());
            } else if let Ok(value) = meta.value() {
                value.parse::<syn::Expr>()?;
            }
            Ok(())
        });
    }
    found
}

/// `#[serde(rename_all = "..")]`.
struct Case(Option<String>);

impl Case {
    fn of(attributes: &[Attribute]) -> Self {
        Case(serde(attributes, "rename_all"))
    }

    /// Of a name `LikeThis`.
    fn apply_to_variant(&self, name: &str) -> String {
        self.join(&words(name)).unwrap_or_else(|| name.to_string())
    }

    /// Of a name `like_this`.
    fn apply_to_field(&self, name: &str) -> String {
        let words: Vec<String> = name.split('_').map(str::to_lowercase).collect();
        self.join(&words).unwrap_or_else(|| name.to_string())
    }

    fn join(&self, words: &[String]) -> Option<String> {
        let capital = |word: &String| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
        };
        Some(match self.0.as_deref()? {
            "lowercase" => words.concat(),
            "UPPERCASE" => words.concat().to_uppercase(),
            "snake_case" => words.join("_"),
            "SCREAMING_SNAKE_CASE" => words.join("_").to_uppercase(),
            "kebab-case" => words.join("-"),
            "SCREAMING-KEBAB-CASE" => words.join("-").to_uppercase(),
            "PascalCase" => words.iter().map(capital).collect(),
            "camelCase" => words.iter().take(1).cloned().chain(words.iter().skip(1).map(capital)).collect(),
            _ => return None,
        })
    }
}

/// The words of a name `LikeThis`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        match words.last_mut() {
            Some(word) if letter.is_lowercase() || letter.is_numeric() => word.push(letter),
            _ => words.push(letter.to_lowercase().collect()),
        }
    }
    words
}
