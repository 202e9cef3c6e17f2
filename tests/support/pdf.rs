//! Small valid PDFs, made in code: one page, a standard font, an exact cross-reference table.

/// A PDF whose page says `text` (ASCII without brackets or backslashes), padded to about `size` bytes.
pub fn contract(text: &str, size: usize) -> Vec<u8> {
    assert!(text.is_ascii() && !text.contains(['(', ')', '\\']), "{text:?}");
    let lines: Vec<_> = text.lines().map(|line| format!("({line}) Tj T*")).collect();
    let content = format!("BT /F1 12 Tf 14 TL 72 720 Td {} ET", lines.join(" "));
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut pdf = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push(pdf.len());
        pdf.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    while pdf.len() + 300 < size {
        pdf.extend(format!("% {:<60}\n", pdf.len()).bytes());
    }
    let xref = pdf.len();
    pdf.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    offsets.iter().for_each(|offset| pdf.extend(format!("{offset:010} 00000 n \n").bytes()));
    let trailer =
        format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n", objects.len() + 1);
    pdf.extend(trailer.bytes());
    pdf
}
