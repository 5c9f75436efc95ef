%% A new service in Rust: its name and its crate. What calls it is for Mix and rebar3 to add.
-module(linkspan_template).

-export([check/1, crate/2, fill/2]).

%% Words of Rust, and names that its prelude, cargo and Linkspan have taken.
-define(RESERVED, [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut",
    "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    "option", "some", "none", "result", "ok", "err", "string", "vec", "send", "sync", "drop", "clone", "copy", "iterator",
    "default", "core", "std", "alloc", "proc_macro", "test", "linkspan"
]).

%% Whether a service, its crate and its library may have a name; otherwise says what one is like.
-spec check(string()) -> ok | {error, unicode:chardata()}.
check(Name) ->
    IsName = re:run(Name, "^[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*$", [{capture, none}, unicode, dollar_endonly]) =:= match,
    case {IsName, lists:member(Name, ?RESERVED)} of
        {true, false} ->
            ok;
        {true, true} ->
            {error, [Name, " is a word of Rust or of cargo: choose another name"]};
        {false, _} ->
            {error, [Name, " cannot be a service: its name is lower-case letters and digits, in words joined by _, such as "
                           "image_scaler"]}
    end.

%% The files of a crate, with their paths relative to the application that it is made for. `Linkspan` is where the crate
%% `linkspan` is, as seen from the new one.
-spec crate(string(), file:filename()) -> [{file:filename(), unicode:chardata()}].
crate(Name, Linkspan) ->
    Filled = [{"NAME", Name}, {"TYPE", type(Name)}, {"ATTRIBUTE", attribute(Name)}, {"LINKSPAN", Linkspan}],
    [{filename:join(["native", Name, File]), fill(Text, Filled)} || {File, Text} <- files()].

%% Puts texts in the place of words in capitals.
-spec fill(unicode:chardata(), [{string(), unicode:chardata()}]) -> unicode:chardata().
fill(Text, Filled) ->
    lists:foldl(fun({Word, By}, Before) -> string:replace(Before, ["{", Word, "}"], By, all) end, Text, Filled).

type(Name) -> [string:titlecase(Word) || Word <- string:lexemes(Name, "_")].

%% The macro makes the service's name from the type's, and takes a capital for the beginning of a word.
attribute(Name) ->
    case re:run(Name, "[0-9]|(^|_)[a-z](_|$)", [{capture, none}]) of
        match -> ["(name = \"", Name, "\")"];
        nomatch -> ""
    end.

files() ->
    [
        {"Cargo.toml",
            "[package]\n"
            "name = \"{NAME}\"\n"
            "version = \"0.1.0\"\n"
            "edition = \"2024\"\n"
            "publish = false\n"
            "\n"
            "[lib]\n"
            "crate-type = [\"cdylib\"]\n"
            "\n"
            "[dependencies]\n"
            "linkspan = { path = \"{LINKSPAN}\" }\n"},
        {".gitignore", "/target\n"},
        {"src/lib.rs",
            "//! The service `{NAME}`. Its public functions are those of the module that is made from it.\n"
            "\n"
            "/// Adds up what it is told.\n"
            "pub struct {TYPE} {\n"
            "    total: i64,\n"
            "}\n"
            "\n"
            "/// Adds up what it is told.\n"
            "#[linkspan::service{ATTRIBUTE}]\n"
            "impl {TYPE} {\n"
            "    /// Begins with `total`.\n"
            "    fn start(total: i64) -> Self {\n"
            "        Self { total }\n"
            "    }\n"
            "\n"
            "    /// Adds `by`, and says what the total is then.\n"
            "    #[op(short)]\n"
            "    pub fn add(&mut self, by: i64) -> Result<i64, linkspan::Error> {\n"
            "        let total = self.total.checked_add(by);\n"
            "        self.total = total.ok_or_else(|| linkspan::Error::new(1, \"the total is too large\"))?;\n"
            "        Ok(self.total)\n"
            "    }\n"
            "\n"
            "    /// Says what the total is.\n"
            "    #[op(short)]\n"
            "    pub fn total(&self) -> i64 {\n"
            "        self.total\n"
            "    }\n"
            "}\n"
            "\n"
            "linkspan::export!({TYPE});\n"
            "\n"
            "#[cfg(test)]\n"
            "mod tests {\n"
            "    use super::{TYPE};\n"
            "\n"
            "    #[test]\n"
            "    fn what_is_too_large_changes_nothing() {\n"
            "        let mut service = {TYPE}::start(5);\n"
            "        assert_eq!(service.add(3).unwrap(), 8);\n"
            "        assert!(service.add(i64::MAX).is_err());\n"
            "        assert_eq!(service.total(), 8);\n"
            "    }\n"
            "}\n"}
    ].
