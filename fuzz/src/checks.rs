//! What must hold on any bytes at all. The fuzzer runs these functions; a test of the model runs them
//! on the stored corpora, with the stable compiler.

use cloudmesh_model::noun::{CELL_SEPARATOR, printable};
use cloudmesh_model::{HostList, Mark, RowBuilder};

/// The most bytes of names that one check makes.
const MOST_BYTES: u64 = 1 << 20;

/// Any text is a host list or is refused; one that is taken tells its count before it makes the names.
pub fn host_list(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let list = match text.parse::<HostList>() {
        Ok(list) => list,
        Err(refused) => {
            assert!(!refused.message().chars().any(char::is_control), "{:?}", refused.message());
            return;
        }
    };
    assert_eq!(list.to_string(), text);
    assert!(matches!(list.to_string().parse::<HostList>(), Ok(again) if again == list));
    assert!(!list.is_empty() && list.len() <= cloudmesh_model::host_list::MOST_NAMES);
    if list.len().saturating_mul(text.len() as u64) > MOST_BYTES {
        return;
    }
    let names = list.names();
    assert_eq!(names.len() as u64, list.len());
    for name in names {
        assert!(!name.is_empty());
        assert!(!name.contains(['[', ']', ',', ' ', '\n']), "{name:?}");
    }
}

/// Any text is a mark or is refused; one that is taken is 44 characters of ASCII and reads back.
pub fn mark(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(mark) = text.parse::<Mark>() else { return };
    let written = mark.to_string();
    assert!(written.len() == 44 && written.is_ascii(), "{written}");
    assert!(written.eq_ignore_ascii_case(&text), "{written} and {text}");
    assert!(matches!(written.parse::<Mark>(), Ok(again) if again == mark));
    assert_eq!(Mark::of(mark.installation(), &mark.thing()), Some(mark));
}

/// Any cells come back from a row, made printable; values of a list stay apart. The first byte says
/// after how many cells the list stands; cells end with a zero byte. Values of a list are made
/// printable before they are given: a control character in one parts it in two.
pub fn row(data: &[u8]) {
    let Some((&before, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let values: Vec<&str> = text.split('\0').collect();
    let (cells, list) = values.split_at(usize::from(before).min(values.len()));

    let list: Vec<_> = list.iter().map(|value| printable(value)).collect();
    let builder = cells.iter().fold(RowBuilder::new(), |row, cell| row.cell(cell));
    let row = builder.list(list.iter().map(|value| &**value)).maybe(None::<u8>).finish();
    assert_eq!(row.packed().matches(CELL_SEPARATOR).count(), cells.len() + 1);
    assert!(!row.packed().replace(CELL_SEPARATOR, "").chars().any(char::is_control));
    let mut read = row.cells();
    for cell in cells {
        assert_eq!(read.next(), Some(&*printable(cell)));
    }
    let cell = row.cell(cells.len());
    let listed: Vec<&str> = cell.split(' ').filter(|value| !value.is_empty()).collect();
    let given = list.iter().filter(|value| !value.is_empty());
    assert_eq!(listed.len(), given.clone().count(), "{cell:?} from {list:?}");
    for (listed, given) in listed.iter().zip(given) {
        assert_eq!(listed.chars().count(), given.chars().count());
    }
    assert_eq!((row.cell(cells.len() + 1), row.cell(cells.len() + 2)), ("", ""));
}
