//! The guide, docs/erl_driver.md: its table names every function of the header, and its pieces of code are of drivers that
//! `test/erl_driver_tests.erl` compiles and loads.

const GUIDE: &str = include_str!("../../../docs/erl_driver.md");

/// Code without remarks, on one line: rustfmt and the guide break lines in other places.
fn bare(code: &str) -> String {
    let lines = code.lines().map(|line| line.split(" // ").next().unwrap_or(line).trim());
    lines.flat_map(str::split_whitespace).filter(|word| *word != "//").collect::<Vec<_>>().join(" ")
}

/// The blocks of a language, each divided where something is left out.
fn pieces(language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    let blocks = GUIDE.split(&fence).skip(1);
    let codes = blocks.map(|block| block.split_once("\n```").expect("the end of a block").0);
    codes.flat_map(|code| code.split("    // ...\n}")).map(bare).filter(|piece| !piece.is_empty()).collect()
}

#[test]
fn the_pieces_of_the_guide_are_of_drivers() {
    let drivers = [("rust", include_str!("drivers/thing.rs"), 5), ("c", include_str!("drivers/thing.c"), 4)];
    for (language, driver, count) in drivers {
        let pieces = pieces(language);
        assert_eq!(pieces.len(), count, "{pieces:#?}");
        for piece in pieces {
            assert!(bare(driver).contains(&piece), "not in the driver: {piece}");
        }
    }
    let blocks = GUIDE.matches("\n```").count() / 2;
    assert_eq!(blocks, 9, "a block of another language");
}

#[test]
fn the_guide_names_every_function() {
    let sources = [
        include_str!("../../erl_driver_sys/src/port.rs"),
        include_str!("../../erl_driver_sys/src/data.rs"),
        include_str!("../../erl_driver_sys/src/threads.rs"),
        include_str!("../../erl_driver_sys/src/terms.rs"),
    ];
    let declared = sources.iter().flat_map(|source| source.lines());
    let declared =
        declared.filter_map(|line| line.trim().strip_prefix("pub fn ")?.split_once('(')).map(|(name, _)| name);
    let rows: Vec<&str> = GUIDE.lines().filter(|line| line.starts_with("| `")).collect();
    let mut count = 0;
    for name in declared {
        count += 1;
        let start = format!("| `{name}` |");
        let found = rows.iter().filter(|row| row.starts_with(&start)).count();
        assert_eq!(found, 1, "{name} has {found} rows in docs/erl_driver.md");
    }
    assert_eq!(count, 111);
}
