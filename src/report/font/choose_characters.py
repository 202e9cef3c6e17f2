"""Lists the characters that the font of reports holds: JIS X 0213, CP932 and variants used in names.

    python3 choose_characters.py > characters.txt
    pyftsubset NotoSansCJK-Regular.ttc --font-number=0 --text-file=characters.txt \
        --layout-features='' --no-hinting --output-file=NotoSansJP-Regular.otf

NotoSansCJK-Regular.ttc is release 2.004, whose first font is Noto Sans CJK JP; fonttools is 4.x. Licence: OFL.txt.
"""

import sys

BLOCKS = [
    range(0x20, 0x250),  # Latin
    range(0x2000, 0x2C00),  # punctuation, currency, arrows, box drawing, enclosed
    range(0x3000, 0x3400),  # kana, squared words (㈱ ㍿)
    range(0xFF00, 0xFFF0),  # fullwidth and halfwidth forms
]
HAN = [range(0x3400, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x2FA20)]
ENCODINGS = ("cp932", "euc_jis_2004", "iso2022_jp_3")
# In registers of persons and companies, outside of the encodings above or easily lost.
NAMES = "𠮷﨑髙𠀋𡈽𡌛𡑮𡢽𠮟𡚴𡸴𣇄𣗄𣜿𣝣𣳾𤟱𥒎𥔎𥝱𥧄𥶡𦫿𦹀𧃴𧚄𨉷𨏍𪆐𠂉𠂢𠂤𠆢𠈓"


def encodable(code):
    for encoding in ENCODINGS:
        try:
            chr(code).encode(encoding)
            return True
        except UnicodeEncodeError:
            pass
    return False


def main():
    chosen = {code for block in BLOCKS for code in block}
    chosen |= {code for block in HAN for code in block if encodable(code)}
    chosen |= {ord(character) for character in NAMES}
    sys.stdout.write("".join(chr(code) for code in sorted(chosen)))


if __name__ == "__main__":
    main()
