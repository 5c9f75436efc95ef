%% How the types of a description read in specs.
-module(linkspan_type).

-export([text/2]).

%% The source of a type. What is sent may say `undefined` for nothing, what is returned says `nil`.
-spec text(linkspan_typed:type(), sent | returned) -> unicode:chardata().
text(string, _Way) -> "unicode:unicode_binary()";
text(nothing, _Way) -> "ok";
text(Plain, _Way) when is_atom(Plain) -> [atom_to_list(Plain), "()"];
text({list, Type}, Way) -> ["[", text(Type, Way), "]"];
text({option, Type}, sent) -> [text(Type, sent), " | nil | undefined"];
text({option, Type}, returned) -> [text(Type, returned), " | nil"];
text({tuple, Types}, Way) -> ["{", lists:join(", ", [text(Type, Way) || Type <- Types]), "}"];
text({map, Key, Value}, Way) -> ["#{", text(Key, Way), " => ", text(Value, Way), "}"];
text({struct, #{fields := Fields}}, Way) -> ["#{", lists:join(", ", [field(Field, Way) || Field <- Fields]), "}"];
text({enum, []}, _Way) -> "none()";
text({enum, Names}, _Way) -> lists:join(" | ", [linkspan_name:function(Name) || Name <- Names]).

field(#{name := Name, type := Type}, Way) -> [linkspan_name:function(Name), " := ", text(Type, Way)].
