//! The pages of a part of a column, unpacked one after the other.

use std::cell::RefCell;

use polars_parquet::parquet::compression::{Compression, DecompressionContext};
use polars_parquet::parquet::page::{CompressedPage, DataPage, DictPage, Page};
use polars_parquet::parquet::read::{PageReader, decompress};

thread_local! {
    /// What unpacking begins with, which takes longer to make than to unpack a page of some thousand codes.
    static CONTEXT: RefCell<DecompressionContext> = const { RefCell::new(DecompressionContext::Unset) };
}

/// The most bytes of a page that the context may have been used for, and is kept: it holds as much memory.
const MOST_KEPT: usize = 1 << 20;

/// The pages of a part of a column. What cannot be read is left to the engine, which says what is wrong.
pub(super) struct Unpacked {
    pages: PageReader,
    /// The memory of a page that is done with.
    buffer: Vec<u8>,
    /// Whether the last page was packed: otherwise it lies in memory that others have.
    is_packed: bool,
}

impl Unpacked {
    pub(super) fn of(pages: PageReader) -> Self {
        Self { pages, buffer: Vec::new(), is_packed: false }
    }

    /// The dictionary, which stands before all other pages.
    pub(super) fn dictionary(&mut self) -> Option<DictPage> {
        let page = self.pages.read_dict().ok()??;
        match unpack(CompressedPage::Dict(page), &mut Vec::new())? {
            Page::Dict(page) => Some(page),
            Page::Data(_) => None,
        }
    }

    /// The next page of values.
    pub(super) fn next_page(&mut self) -> Option<DataPage> {
        let page = self.pages.next()?.ok()?;
        self.is_packed =
            matches!(&page, CompressedPage::Data(page) if page.compression() != Compression::Uncompressed);
        match unpack(page, &mut self.buffer)? {
            Page::Data(page) => Some(page),
            Page::Dict(_) => None,
        }
    }

    /// Takes the memory of a page for the next one.
    pub(super) fn use_again(&mut self, mut page: DataPage) {
        if self.is_packed {
            self.buffer = std::mem::take(page.buffer_mut());
        }
    }
}

fn unpack(page: CompressedPage, buffer: &mut Vec<u8>) -> Option<Page> {
    CONTEXT.with_borrow_mut(|context| {
        let n_bytes = match &page {
            CompressedPage::Data(page) => page.uncompressed_size(),
            CompressedPage::Dict(_) => 0,
        };
        let page = decompress(page, buffer, context);
        if n_bytes > MOST_KEPT || page.is_err() {
            *context = DecompressionContext::Unset;
        }
        page.ok()
    })
}
