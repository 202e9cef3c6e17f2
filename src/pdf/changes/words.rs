//! Changes in words, in both languages.

use std::fmt;

use super::{Change, ChangeLevel};

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words().0)
    }
}

impl Change {
    /// What happened, in Japanese.
    pub fn in_japanese(&self) -> String {
        self.in_words().1
    }

    /// English and Japanese.
    fn in_words(&self) -> (String, String) {
        let both = |english: &str, japanese: &str| (english.to_owned(), japanese.to_owned());
        let field = |name: &str, english: &str, japanese: &str| {
            (english.replace("{}", name), japanese.replace("{}", name))
        };
        let object = |number: u32, english: &str, japanese: &str| {
            (format!("{english} (object {number})"), format!("{japanese}（オブジェクト {number}）"))
        };
        match self {
            Self::SecurityStore => both("validation data were added", "検証情報が追加されました"),
            Self::Timestamp { field: name } => {
                field(name, "a document timestamp was added ({})", "文書タイムスタンプが追加されました（{}）")
            }
            Self::EmptySignatureField { field: name } => {
                field(name, "an empty signature field was added ({})", "空の署名欄が追加されました（{}）")
            }
            Self::Metadata => both("the metadata were updated", "メタデータが更新されました"),
            Self::Declarations => both("format declarations were updated", "形式の宣言が更新されました"),
            Self::Signature { field: name } => {
                field(name, "a further signature was added ({})", "署名が追加されました（{}）")
            }
            Self::VisibleSignatureField { field: name } => field(
                name,
                "a visible signature field was added ({})",
                "表示される署名欄が追加されました（{}）",
            ),
            Self::FormField { field: name } => {
                field(name, "the form field {} was filled in", "フォーム欄「{}」に入力されました")
            }
            Self::FormResources => {
                both("fonts for the form were added", "フォーム用のフォントなどが追加されました")
            }
            Self::Annotation { object: n } => object(*n, "a comment was added", "注釈が追加されました"),
            _ => self.modification_in_words(),
        }
    }

    fn modification_in_words(&self) -> (String, String) {
        let both = |english: &str, japanese: &str| (english.to_owned(), japanese.to_owned());
        let field = |name: &str, english: &str, japanese: &str| {
            (english.replace("{}", name), japanese.replace("{}", name))
        };
        match self {
            Self::Catalog { entry } => {
                field(entry, "the document's entry /{} was changed", "文書全体の設定 /{} が変更されました")
            }
            Self::Form { entry } => {
                field(entry, "the form's entry /{} was changed", "フォーム全体の設定 /{} が変更されました")
            }
            Self::FieldAdded { field: name } => {
                field(name, "the form field {} was added", "フォーム欄「{}」が追加されました")
            }
            Self::FieldRemoved { field: name } => {
                field(name, "the form field {} was removed", "フォーム欄「{}」が削除されました")
            }
            Self::FieldChanged { field: name } => {
                field(name, "the form field {} itself was changed", "フォーム欄「{}」自体が変更されました")
            }
            Self::FieldTwice { field: name } => {
                field(name, "two form fields are named {}", "「{}」という名前のフォーム欄が二つあります")
            }
            Self::FieldLocked { field: name } => field(
                name,
                "the field {} was filled in although the signature locks it",
                "署名で固定された欄「{}」が変更されました",
            ),
            Self::FieldAfterCertification { field: name } => field(
                name,
                "a visible signature field was added to a certified document ({})",
                "証明済みの文書に、表示される署名欄が追加されました（{}）",
            ),
            Self::SignatureRemoved { field: name } => {
                field(name, "the signature in {} was removed", "「{}」の署名が取り除かれました")
            }
            Self::SecurityStoreMalformed => both(
                "the store of validation data was changed in a way that is not allowed",
                "検証情報の領域が許されない形で変更されました",
            ),
            Self::MetadataMalformed => both(
                "the metadata were replaced by something else",
                "メタデータが別のものに置き換えられました",
            ),
            Self::Encryption => both("the encryption was changed", "暗号化の設定が変更されました"),
            Self::TrailingBytes => {
                both("bytes were appended after the end", "文書の末尾より後にデータが付け足されました")
            }
            _ => self.object_in_words(),
        }
    }

    fn object_in_words(&self) -> (String, String) {
        let (number, english, japanese) = match self {
            Self::PageContent { object } => {
                (object, "the content of a page was replaced", "ページの内容が差し替えられました")
            }
            Self::Page { object } => (object, "a page was changed", "ページが変更されました"),
            Self::PageTree { object } => {
                (object, "pages were added, removed or rearranged", "ページの構成が変更されました")
            }
            Self::Font { object } => (object, "a font was replaced", "フォントが差し替えられました"),
            Self::Resources { object } => (
                object,
                "an image or another resource of a page was replaced",
                "画像などの素材が差し替えられました",
            ),
            Self::Appearance { object } => (
                object,
                "the look of an existing field or comment was replaced",
                "既存の欄や注釈の見た目が差し替えられました",
            ),
            Self::AnnotationAdded { object } => {
                (object, "an annotation was added that is not allowed", "許されない注釈が追加されました")
            }
            Self::AnnotationChanged { object } => {
                (object, "an annotation was changed", "注釈が変更されました")
            }
            Self::AnnotationRemoved { object } => {
                (object, "an annotation was removed", "注釈が削除されました")
            }
            Self::SignatureReplaced { object } => {
                (object, "the value of a signature was overwritten", "署名の値が上書きされました")
            }
            Self::UsedElsewhere { object } => (
                object,
                "an object was replaced that the document also uses elsewhere",
                "文書の別の箇所でも使われているオブジェクトが差し替えられました",
            ),
            Self::ObjectSuppliedLater { object } => (
                object,
                "an object that was missing when signed was supplied later",
                "署名時に存在しなかったオブジェクトが後から補われました",
            ),
            Self::ObjectRemoved { object } => {
                (object, "an object was removed", "オブジェクトが削除されました")
            }
            Self::ObjectReplaced { object } => {
                (object, "an object was replaced", "オブジェクトが差し替えられました")
            }
            // Every other change is put into words above.
            _ => return ("the document was changed".to_owned(), "文書が変更されました".to_owned()),
        };
        (format!("{english} (object {number})"), format!("{japanese}（オブジェクト {number}）"))
    }
}

impl fmt::Display for ChangeLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upkeep => "upkeep of signatures",
            Self::FormFilling => "signing and form filling",
            Self::Annotations => "comments",
            Self::Modification => "modification",
        })
    }
}
