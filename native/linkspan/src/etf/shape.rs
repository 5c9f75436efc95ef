//! Which form a struct takes. Its name says so, which `#[serde(rename = "...")]` sets.

/// The form of a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `#{field => Value}`
    Map,
    /// `#{'__struct__' => Name, field => Value}`: a name as of an Elixir module.
    Struct,
    /// `{Value, ...}`: the name `{}`.
    Tuple,
    /// `{Name, Value, ...}`: the name `#Name`.
    Record(&'static str),
}

#[inline]
pub(super) fn of(name: &'static str) -> Shape {
    match name.as_bytes() {
        b"{}" => Shape::Tuple,
        [b'#', ..] => Shape::Record(&name[1..]),
        _ if name.starts_with("Elixir.") => Shape::Struct,
        _ => Shape::Map,
    }
}
