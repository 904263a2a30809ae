/* SPDX-License-Identifier: MIT */
#include "fold.h"

/* Letters behind U+00C0 and U+1E00 without their diacritics; '.' stays. */
#define BASE_LATIN_FIRST 0xC0u
static const char BASE_LATIN[] = "aaaaaa.ceeeeiiii.nooooo.ouuuuy..aaaaaa.ceeeeiiii.nooooo.ouuuuy.y"
                                 "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii..jjkk.llllll."
                                 ".llnnnnnn...oooooo..rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"
                                 "................................oo.............uu..............."
                                 ".............aaiioouuuuuuuuuu.aaaa....ggkkoooo..j...gg..nnaa...."
                                 "aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooooooyy............"
                                 "................";

#define BASE_MORE_FIRST 0x1E00u
static const char BASE_MORE[] = "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
                                "mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
                                "wwwwwwwwwwxxxxyyzzzzzzhtwy......aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
                                "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy......";

/* Greek and Cyrillic letters that are told apart by a diacritic, and the final sigma. */
static const struct {
    uint16_t from, to;
} BASE_OTHER[] = {
    {0x390, 0x3B9}, {0x3AC, 0x3B1}, {0x3AD, 0x3B5}, {0x3AE, 0x3B7}, {0x3AF, 0x3B9},
    {0x3B0, 0x3C5}, {0x3C2, 0x3C3}, {0x3CA, 0x3B9}, {0x3CB, 0x3C5}, {0x3CC, 0x3BF},
    {0x3CD, 0x3C5}, {0x3CE, 0x3C9}, {0x450, 0x435}, {0x451, 0x435}, {0x45D, 0x438},
};

/* What parts words beyond ASCII: punctuation, symbols, pictures. */
static const struct unicode_range APART[] = {
    {0x80, 0xA9},     {0xAB, 0xB4},       {0xB6, 0xB9},       {0xBB, 0xBF},     {0xD7, 0xD7},
    {0xF7, 0xF7},     {0x2C2, 0x2C5},     {0x2D2, 0x2DF},     {0x37E, 0x37E},   {0x387, 0x387},
    {0x55A, 0x55F},   {0x589, 0x58A},     {0x5BE, 0x5BE},     {0x5C0, 0x5C0},   {0x5F3, 0x5F4},
    {0x606, 0x60F},   {0x61B, 0x61F},     {0x66A, 0x66D},     {0x6D4, 0x6D4},   {0x964, 0x965},
    {0x970, 0x970},   {0xE3F, 0xE3F},     {0x10FB, 0x10FB},   {0x1361, 0x1368}, {0x1680, 0x1680},
    {0x2000, 0x206F}, {0x207A, 0x207E},   {0x208A, 0x208E},   {0x20A0, 0x20CF}, {0x2100, 0x2BFF},
    {0x2E00, 0x2E7F}, {0x3000, 0x3004},   {0x3007, 0x3020},   {0x3030, 0x3030}, {0x303D, 0x303F},
    {0x30FB, 0x30FB}, {0xFD3E, 0xFD3F},   {0xFE10, 0xFE6F},   {0xFF01, 0xFF0F}, {0xFF5F, 0xFF65},
    {0xFFE0, 0xFFFF}, {0x1D000, 0x1D24F}, {0x1F000, 0x1FAFF},
};

/* Thai to Tibetan, Burmese, Khmer, kana, Han: written without spaces. */
static const struct unicode_range ALONE[] = {
    {0xE00, 0xFFF},   {0x1000, 0x109F},   {0x1780, 0x17FF},   {0x2E80, 0x2FDF}, {0x3005, 0x3006},
    {0x3021, 0x3029}, {0x3040, 0x30FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF}, {0xF900, 0xFAFF},
    {0xFF66, 0xFF9F}, {0x1B000, 0x1B16F}, {0x20000, 0x3FFFF},
};

/** The letter or digit of ASCII behind one in another dress; others stay. */
static uint32_t undress(uint32_t code)
{
    if (code >= 0xFF01 && code <= 0xFF5E)
        return code - 0xFF01 + '!';
    if (code >= 0x24B6 && code <= 0x24E9)
        return (code - 0x24B6) % 26 + 'a';
    if (code >= 0x1D400 && code <= 0x1D6A3)
        return (code - 0x1D400) % 26 + 'a';
    if (code >= 0x1D7CE && code <= 0x1D7FF)
        return (code - 0x1D7CE) % 10 + '0';
    if (code >= 0x1F130 && code <= 0x1F189 && (code - 0x1F130) % 32 < 26)
        return (code - 0x1F130) % 32 + 'a';
    return code;
}

/** Extended-A, where upper and lower case take turns, with two changes of step. */
static uint32_t lower_extended(uint32_t code)
{
    if (code == 0x130)
        return 'i';
    if (code == 0x178)
        return 0xFF;
    if (code == 0x17F)
        return 's';
    int upper_is_odd = (code >= 0x139 && code <= 0x148) || code >= 0x179;
    int has_case = code != 0x138 && code != 0x149;
    return has_case && (code & 1u) == (uint32_t)upper_is_odd ? code + 1 : code;
}

static uint32_t lower_greek(uint32_t code)
{
    if (code >= 0x391 && code <= 0x3AB && code != 0x3A2)
        return code + 0x20;
    switch (code) {
    case 0x386:
        return 0x3AC;
    case 0x388:
    case 0x389:
    case 0x38A:
        return code + 0x25;
    case 0x38C:
        return 0x3CC;
    case 0x38E:
    case 0x38F:
        return code + 0x3F;
    default:
        return code;
    }
}

static uint32_t lower_cyrillic(uint32_t code)
{
    if (code <= 0x40F)
        return code + 0x50;
    if (code <= 0x42F)
        return code + 0x20;
    if (code >= 0x4C0 && code <= 0x4CF) {
        if (code == 0x4C0)
            return 0x4CF;
        return code != 0x4CF && (code & 1u) ? code + 1 : code;
    }
    int has_case = (code >= 0x460 && code <= 0x481) || code >= 0x48A;
    return has_case && !(code & 1u) ? code + 1 : code;
}

uint32_t fold_case(uint32_t code)
{
    if (code >= 0x24B6)
        code = undress(code);
    if (code < 0x80)
        return code >= 'A' && code <= 'Z' ? code + 0x20 : code;
    if (code < 0x100)
        return code >= 0xC0 && code <= 0xDE && code != 0xD7 ? code + 0x20 : code;
    if (code < 0x180)
        return lower_extended(code);
    if (code >= 0x370 && code <= 0x3FF)
        return lower_greek(code);
    if (code >= 0x400 && code <= 0x52F)
        return lower_cyrillic(code);
    return code;
}

/** The letter at `first` + the index in `bases`, or `code` where there is none. */
static uint32_t base_in(uint32_t code, uint32_t first, const char *bases)
{
    char base = bases[code - first];
    return base == '.' ? code : (uint32_t)base;
}

uint32_t fold_base(uint32_t code)
{
    if (code < 0x80)
        return code >= 'A' && code <= 'Z' ? code + 0x20 : unicode_is_space(code) ? ' ' : code;
    if (unicode_is_mark(code) || unicode_is_invisible(code))
        return 0;
    if (unicode_is_space(code))
        return ' ';
    code = fold_case(code);
    if (code >= BASE_LATIN_FIRST && code < BASE_LATIN_FIRST + sizeof BASE_LATIN - 1)
        return base_in(code, BASE_LATIN_FIRST, BASE_LATIN);
    if (code >= BASE_MORE_FIRST && code < BASE_MORE_FIRST + sizeof BASE_MORE - 1)
        return base_in(code, BASE_MORE_FIRST, BASE_MORE);
    for (uint64_t i = 0; i < sizeof BASE_OTHER / sizeof BASE_OTHER[0]; i++) {
        if (BASE_OTHER[i].from == code)
            return BASE_OTHER[i].to;
    }
    return code;
}

enum fold_word fold_word(uint32_t code)
{
    if (code < 0x80) {
        int part = (code >= 'a' && code <= 'z') || (code >= '0' && code <= '9') ||
                   (code >= 'A' && code <= 'Z');
        return part ? FOLD_PART : FOLD_APART;
    }
    if (UNICODE_IN(code, APART))
        return FOLD_APART;
    return UNICODE_IN(code, ALONE) ? FOLD_ALONE : FOLD_PART;
}
