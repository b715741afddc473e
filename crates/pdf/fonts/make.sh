#!/usr/bin/env bash
# Makes the fonts of this folder: parts of Noto fonts (SIL Open Font License 1.1, OFL.txt), without hints for screens.
# Needs npm and `pyftsubset` of fonttools. The packages: @expo-google-fonts/ noto-sans 0.4.2, noto-sans-hebrew 0.4.1,
# noto-sans-arabic 0.4.3, noto-emoji 0.4.7, noto-sans-math 0.4.2, noto-sans-symbols-2 0.4.1.
set -euo pipefail
cd "$(dirname "$0")"
from=$(mktemp -d)
trap 'rm -rf "$from"' EXIT
(cd "$from" && for package in noto-sans@0.4.2 noto-sans-hebrew@0.4.1 noto-sans-arabic@0.4.3 noto-emoji@0.4.7 noto-sans-math@0.4.2 \
  noto-sans-symbols-2@0.4.1; do
  tar xzf "$(npm pack -s "@expo-google-fonts/$package")" --one-top-level="${package%@*}"
done)
# A font, the name of its file here, its letters, its rules.
part() {
  pyftsubset "$from/$1" --output-file="$2" --unicodes="$3" --layout-features="$4" --no-hinting --no-glyph-names \
    --notdef-outline --name-IDs=0,1,2,3,4,5,6,13,14
}
latin=U+0020-007E,U+00A0-036F,U+0370-03FF,U+0400-052F,U+1E00-1EFF,U+2000-206F,U+2070-209F,U+20A0-20CF,U+2100-214F
latin+=,U+2190-2199,U+2212,U+2248,U+2260,U+2264,U+2265,U+25CC,U+FB00-FB06,U+FFFD
plain=kern,mark,mkmk,ccmp,locl
part noto-sans/package/400Regular/NotoSans_400Regular.ttf NotoSans-Regular.ttf "$latin" $plain
part noto-sans/package/600SemiBold/NotoSans_600SemiBold.ttf NotoSans-SemiBold.ttf "$latin" $plain
part noto-sans-hebrew/package/400Regular/NotoSansHebrew_400Regular.ttf NotoSansHebrew-Regular.ttf '*' $plain
part noto-sans-arabic/package/400Regular/NotoSansArabic_400Regular.ttf NotoSansArabic-Regular.ttf \
  U+0600-06FF,U+0750-077F,U+08A0-08FF,U+FB50-FDFF,U+FE70-FEFF $plain,isol,init,medi,fina,rlig,calt
part noto-emoji/package/400Regular/NotoEmoji_400Regular.ttf NotoEmoji-Regular.ttf '*' ccmp
part noto-sans-math/package/400Regular/NotoSansMath_400Regular.ttf NotoSansMath-Regular.ttf U+2190-22FF,U+25A0-25FF ''
part noto-sans-symbols-2/package/400Regular/NotoSansSymbols2_400Regular.ttf NotoSansSymbols2-Regular.ttf \
  U+2300-25FF,U+2600-27BF,U+2B00-2BFF ''
