%% Reads JSON, which cargo speaks. OTP has a module for it from 27 on only.
-module(linkspan_json).

-export([decode/1]).
-export_type([value/0]).

-type value() :: null | boolean() | number() | binary() | [value()] | #{binary() => value()}.

%% The value that a text is; objects are maps with binaries as keys.
-spec decode(binary()) -> {ok, value()} | {error, not_json}.
decode(Text) ->
    try value(blank(Text)) of
        {Value, Rest} ->
            case blank(Rest) of
                <<>> -> {ok, Value};
                _More -> {error, not_json}
            end
    catch
        throw:not_json -> {error, not_json}
    end.

blank(<<Char, Rest/binary>>) when Char =:= $\s; Char =:= $\t; Char =:= $\n; Char =:= $\r -> blank(Rest);
blank(Text) -> Text.

value(<<"null", Rest/binary>>) -> {null, Rest};
value(<<"true", Rest/binary>>) -> {true, Rest};
value(<<"false", Rest/binary>>) -> {false, Rest};
value(<<$", Rest/binary>>) -> string(Rest, []);
value(<<$[, Rest/binary>>) -> array(blank(Rest));
value(<<${, Rest/binary>>) -> object(blank(Rest));
value(Text) -> number(Text).

array(<<$], Rest/binary>>) -> {[], Rest};
array(Text) -> elements(Text, []).

elements(Text, Before) ->
    {Value, Rest} = value(Text),
    case blank(Rest) of
        <<$,, More/binary>> -> elements(blank(More), [Value | Before]);
        <<$], After/binary>> -> {lists:reverse([Value | Before]), After};
        _ -> throw(not_json)
    end.

object(<<$}, Rest/binary>>) -> {#{}, Rest};
object(Text) -> members(Text, #{}).

members(<<$", Text/binary>>, Before) ->
    {Key, AfterKey} = string(Text, []),
    {Value, Rest} = value(blank(expect($:, blank(AfterKey)))),
    Members = Before#{Key => Value},
    case blank(Rest) of
        <<$,, More/binary>> -> members(blank(More), Members);
        <<$}, After/binary>> -> {Members, After};
        _ -> throw(not_json)
    end;
members(_Text, _Before) ->
    throw(not_json).

expect(Char, <<Char, Rest/binary>>) -> Rest;
expect(_Char, _Text) -> throw(not_json).

%% Up to the closing quote; what lies between two escapes is taken as it is.
string(Text, Before) ->
    Length = plain(Text, 0),
    case Text of
        <<Plain:Length/binary, $", Rest/binary>> -> {iolist_to_binary(lists:reverse([Plain | Before])), Rest};
        <<Plain:Length/binary, $\\, Rest/binary>> -> escape(Rest, [Plain | Before]);
        _ -> throw(not_json)
    end.

plain(Text, Length) ->
    case Text of
        <<_:Length/binary, Char, _/binary>> when Char =/= $", Char =/= $\\ -> plain(Text, Length + 1);
        _ -> Length
    end.

escape(<<$u, Rest/binary>>, Before) ->
    {Char, After} = unit(Rest),
    string(After, [<<Char/utf8>> | Before]);
escape(<<Char, Rest/binary>>, Before) ->
    string(Rest, [escaped(Char) | Before]);
escape(<<>>, _Before) ->
    throw(not_json).

escaped($b) -> $\b;
escaped($f) -> $\f;
escaped($n) -> $\n;
escaped($r) -> $\r;
escaped($t) -> $\t;
escaped(Char) when Char =:= $"; Char =:= $\\; Char =:= $/ -> Char;
escaped(_Char) -> throw(not_json).

%% A character of sixteen bits, or of two halves. Half a character is none.
unit(<<High:4/binary, "\\u", Low:4/binary, Rest/binary>> = Text) ->
    case {hex(High), hex(Low)} of
        {First, Second} when First bsr 10 =:= 16#36, Second bsr 10 =:= 16#37 ->
            {16#10000 + ((First band 16#3FF) bsl 10) + (Second band 16#3FF), Rest};
        {First, _} ->
            {whole(First), binary:part(Text, 4, byte_size(Text) - 4)}
    end;
unit(<<Digits:4/binary, Rest/binary>>) ->
    {whole(hex(Digits)), Rest};
unit(_Text) ->
    throw(not_json).

whole(Char) when Char bsr 11 =:= 16#1B -> 16#FFFD;
whole(Char) -> Char.

hex(Digits) ->
    try binary:decode_hex(Digits) of
        <<Unit:16>> -> Unit
    catch
        error:badarg -> throw(not_json)
    end.

number(Text) ->
    case re:run(Text, "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?", [{capture, first}]) of
        {match, [{0, Length}]} ->
            <<Number:Length/binary, Rest/binary>> = Text,
            {numeral(Number), Rest};
        nomatch ->
            throw(not_json)
    end.

numeral(Number) ->
    try
        binary_to_integer(Number)
    catch
        error:badarg -> fractional(Number)
    end.

%% Erlang wants a fraction before an exponent.
fractional(Number) ->
    [Mantissa | Exponent] = binary:split(Number, [<<"e">>, <<"E">>]),
    Fraction =
        case binary:match(Mantissa, <<".">>) of
            nomatch -> <<Mantissa/binary, ".0">>;
            _ -> Mantissa
        end,
    try
        binary_to_float(iolist_to_binary([Fraction | [[$e, Digits] || Digits <- Exponent]]))
    catch
        error:badarg -> throw(not_json)
    end.
