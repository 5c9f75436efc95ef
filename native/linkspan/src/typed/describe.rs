//! How a typed service describes itself.

use std::collections::{BTreeMap, HashMap};
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

/// How a type looks to callers. `#[derive(linkspan::Typed)]` brings it for structs with named fields and for enums; arguments and
/// results of types without it are described as any term.
pub trait Typed {
    /// The type.
    fn describe() -> Type;
}

/// A type, as callers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Type {
    /// A whole number.
    Integer,
    /// A floating-point number.
    Float,
    /// `true` or `false`.
    Boolean,
    /// UTF-8 in a binary.
    String,
    /// Bytes.
    Binary,
    /// Nothing: `ok` as a result.
    Nothing,
    /// Any term.
    Term,
    /// A list.
    List(Box<Type>),
    /// A value or `nil`.
    Option(Box<Type>),
    /// A tuple.
    Tuple(Vec<Type>),
    /// A map from keys to values.
    Map(Box<Type>, Box<Type>),
    /// A map with these atoms as keys.
    Struct {
        /// Its name.
        name: String,
        /// Its fields.
        fields: Vec<Argument>,
    },
    /// One of these atoms.
    Enum(Vec<String>),
}

/// A name and its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    /// The name.
    pub name: String,
    /// The type.
    pub r#type: Type,
}

/// A typed service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// What its author says of it.
    pub doc: String,
    /// What it is started with.
    pub start: Vec<Argument>,
    /// What it can be asked.
    pub operations: Vec<Operation>,
}

/// An operation of a typed service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// What its author says of it.
    pub doc: String,
    /// What it takes.
    pub arguments: Vec<Argument>,
    /// What it returns; of a stream, each part.
    pub returns: Type,
    /// `call`, `cast`, `stream` or `raw`.
    pub form: String,
    /// `short`, `long` or `learn`.
    pub cost: String,
}

macro_rules! described {
    ($($($type:ty),+ => $as:ident;)*) => {
        $($(impl Typed for $type {
            fn describe() -> Type {
                Type::$as
            }
        })+)*
    };
}

described! {
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize => Integer;
    f32, f64 => Float;
    bool => Boolean;
    str, String => String;
    () => Nothing;
}

impl<T: Typed + ?Sized> Typed for &T {
    fn describe() -> Type {
        T::describe()
    }
}

impl<T: Typed> Typed for Vec<T> {
    fn describe() -> Type {
        Type::List(Box::new(T::describe()))
    }
}

impl<T: Typed> Typed for Option<T> {
    fn describe() -> Type {
        Type::Option(Box::new(T::describe()))
    }
}

impl<K: Typed, V: Typed, S> Typed for HashMap<K, V, S> {
    fn describe() -> Type {
        Type::Map(Box::new(K::describe()), Box::new(V::describe()))
    }
}

impl<K: Typed, V: Typed> Typed for BTreeMap<K, V> {
    fn describe() -> Type {
        Type::Map(Box::new(K::describe()), Box::new(V::describe()))
    }
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => {
        $(impl<$($name: Typed),+> Typed for ($($name,)+) {
            fn describe() -> Type {
                Type::Tuple(vec![$($name::describe()),+])
            }
        })*
    };
}

tuples! { A; A B; A B C; A B C D; A B C D E; A B C D E F; }

/// Asks a type how it looks: what the type says goes before what the trait [`Undescribed`] says.
#[doc(hidden)]
pub struct Probe<T>(PhantomData<T>);

impl<T: Typed> Probe<T> {
    #[doc(hidden)]
    pub fn describe() -> Type {
        T::describe()
    }
}

#[doc(hidden)]
pub trait Undescribed {
    fn describe() -> Type {
        Type::Term
    }
}

impl<T> Undescribed for Probe<T> {}
