%% What a build has to say of a file: errors and warnings, of the Rust compiler and of our own.
-module(linkspan_diagnostic).

-export([error/2, from_rustc/2, has_error/1, format/1]).
-export_type([diagnostic/0]).

%% `position` is the first line and column and the last ones, from 1 on; undefined if it is about the whole file.
-type diagnostic() :: #{
    file := binary(),
    severity := error | warning | information | hint,
    message := binary(),
    position := undefined | {pos_integer(), pos_integer(), pos_integer(), pos_integer()}
}.

%% An error that is about a whole file, or a folder.
-spec error(file:filename_all(), unicode:chardata()) -> diagnostic().
error(File, Message) ->
    #{file => unicode:characters_to_binary(File), severity => error, message => text(Message), position => undefined}.

%% A message of rustc, and how it is shown. File names are relative to one of `Roots`.
-spec from_rustc(map(), [file:filename_all()]) -> {diagnostic, diagnostic(), binary()} | nothing.
from_rustc(#{<<"message">> := Message, <<"level">> := Level, <<"spans">> := Spans} = Json, Roots) ->
    Rendered = maps:get(<<"rendered">>, Json, null),
    case lists:search(fun(Span) -> maps:get(<<"is_primary">>, Span, false) end, Spans) of
        {value, Span} ->
            {diagnostic, (at(outermost(Span), Roots))#{severity => severity(Level), message => text(words(Message, Json))},
                shown(Rendered, Message)};
        false ->
            %% Rustc adds up what it has said; cargo does so as well.
            case is_sum(Message) of
                true -> nothing;
                false -> {diagnostic, (whole(Roots))#{severity => severity(Level), message => text(Message)},
                          shown(Rendered, Message)}
            end
    end.

-spec has_error([diagnostic()]) -> boolean().
has_error(Diagnostics) -> lists:any(fun(#{severity := Severity}) -> Severity =:= error end, Diagnostics).

%% In words, as compilers write them.
-spec format(diagnostic()) -> unicode:chardata().
format(#{file := File, severity := Severity, message := Message, position := undefined}) ->
    io_lib:format("~ts: ~ts: ~ts~n", [File, Severity, Message]);
format(#{file := File, severity := Severity, message := Message, position := {Line, Column, _, _}}) ->
    io_lib:format("~ts:~b:~b: ~ts: ~ts~n", [File, Line, Column, Severity, Message]).

shown(null, Message) -> <<Message/binary, "\n">>;
shown(Rendered, _Message) -> Rendered.

is_sum(Message) ->
    string:prefix(Message, "aborting due to") =/= nomatch orelse
        string:find(Message, "emitted") =:= <<"emitted">> orelse
        string:prefix(Message, "For more information about") =/= nomatch orelse
        string:prefix(Message, "Some errors have detailed explanations") =/= nomatch.

%% What a macro has written is shown where it was called.
outermost(#{<<"expansion">> := #{<<"span">> := Span}}) -> outermost(Span);
outermost(Span) -> Span.

at(#{<<"file_name">> := Name} = Span, Roots) ->
    #{
        <<"line_start">> := Line,
        <<"column_start">> := Column,
        <<"line_end">> := LastLine,
        <<"column_end">> := LastColumn
    } = Span,
    #{file => file(Name, Roots), position => {Line, Column, LastLine, LastColumn}}.

file(Name, Roots) ->
    Files = [filename:join(Root, Name) || Root <- Roots],
    case lists:search(fun filelib:is_regular/1, Files) of
        {value, File} -> unicode:characters_to_binary(File);
        false -> unicode:characters_to_binary(hd(Files))
    end.

whole(Roots) -> #{file => unicode:characters_to_binary(filename:join(lists:last(Roots), "Cargo.toml")), position => undefined}.

severity(<<"error", _/binary>>) -> error;
severity(<<"warning">>) -> warning;
severity(<<"help">>) -> hint;
severity(_Level) -> information.

%% The message, its code, and what its labels and notes add.
words(Message, #{<<"code">> := #{<<"code">> := Code}} = Json) -> [Message, " [", Code, "]", notes(Json)];
words(Message, Json) -> [Message, notes(Json)].

notes(Json) ->
    Labels = [Label || #{<<"is_primary">> := true, <<"label">> := Label} <- maps:get(<<"spans">>, Json, []), is_binary(Label)],
    Children = [Note || #{<<"message">> := Note} <- maps:get(<<"children">>, Json, [])],
    [["\n", Line] || Line <- Labels ++ Children].

text(Message) -> unicode:characters_to_binary(Message).
