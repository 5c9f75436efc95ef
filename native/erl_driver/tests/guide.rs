//! The guide's table names every function of the header.

#[test]
fn the_guide_names_every_function() {
    let guide = include_str!("../../../docs/erl_driver.md");
    let sources = [
        include_str!("../../erl_driver_sys/src/port.rs"),
        include_str!("../../erl_driver_sys/src/data.rs"),
        include_str!("../../erl_driver_sys/src/threads.rs"),
        include_str!("../../erl_driver_sys/src/terms.rs"),
    ];
    let declared = sources.iter().flat_map(|source| source.lines());
    let declared =
        declared.filter_map(|line| line.trim().strip_prefix("pub fn ")?.split_once('(')).map(|(name, _)| name);
    let rows: Vec<&str> = guide.lines().filter(|line| line.starts_with("| `")).collect();
    let mut count = 0;
    for name in declared {
        count += 1;
        let start = format!("| `{name}` |");
        let found = rows.iter().filter(|row| row.starts_with(&start)).count();
        assert_eq!(found, 1, "{name} has {found} rows in docs/erl_driver.md");
    }
    assert_eq!(count, 111);
}
