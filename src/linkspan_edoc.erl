%% Markdown, as authors of services write it, in comments that edoc reads.
-module(linkspan_edoc).

-export([comment/1]).

%% One alone would open a quote of edoc's.
-define(BACKQUOTE, {"`", "\\&#96;"}).

%% A comment with the tag `@doc`, from paragraphs.
-spec comment([unicode:chardata()]) -> unicode:chardata().
comment(Paragraphs) ->
    Converted = [lines(string:split(Text, "\n", all), prose) || Text <- Paragraphs, not string:is_empty(Text)],
    [First | Lines] = lists:append(lists:join([""], Converted)),
    [line(["@doc ", First]) | [line(Line) || Line <- Lines]].

line(Text) -> [string:trim(["%% ", Text], trailing), "\n"].

%% Code stands between fences, or between backquotes. All that means something to edoc is written as an entity, also in
%% code: edoc looks for tags before anything else.
lines([], prose) ->
    [];
lines([], code) ->
    ["</pre>"];
lines([Line | Lines], Kind) ->
    case {string:prefix(string:trim(Line, leading), "```"), Kind} of
        {nomatch, code} -> [replaced(escaped(Line), [?BACKQUOTE]) | lines(Lines, code)];
        {nomatch, prose} -> [spans(escaped(Line)) | lines(Lines, prose)];
        {_Fence, prose} -> ["<pre>" | lines(Lines, code)];
        {_Fence, code} -> ["</pre>" | lines(Lines, prose)]
    end.

escaped(Line) -> [entity(Character) || Character <- unicode:characters_to_list(Line)].

entity($&) -> "&amp;";
entity($<) -> "&lt;";
entity($>) -> "&gt;";
entity($@) -> "&#64;";
entity($[) -> "&#91;";
entity(Control) when Control < $\s, Control =/= $\t -> $\s;
entity(Character) -> Character.

%% Code is quoted in edoc's way where that takes it as it is.
spans(Line) ->
    replaced(Line, [{"`([^`]+)`", "<code>\\1</code>"}, ?BACKQUOTE, {"<code>([\\w:/(). -]+)</code>", "`\\1'"}]).

replaced(Line, Patterns) ->
    Replace = fun({Pattern, By}, Text) -> re:replace(Text, Pattern, By, [global, unicode, {return, list}]) end,
    lists:foldl(Replace, Line, Patterns).
