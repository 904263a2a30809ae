/* SPDX-License-Identifier: MIT */
#include "host/elf.h"

#include "dais/abi.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#define SECTIONS_MAX 4096u
#define SYMBOLS_MAX 1000000u

/** The file and its section headers. */
struct image {
    struct dais_str file;
    Elf64_Ehdr header;
    uint64_t descriptor; /* address of dais_plugin; 0: not seen */
    const char *problem;
};

/** `count` things of `bytes` at `offset`, or NULL when they aren't all inside the file. */
static const void *at(const struct image *image, uint64_t offset, uint64_t count, uint64_t bytes)
{
    uint64_t size;
    if (__builtin_mul_overflow(count, bytes, &size) || offset > image->file.len ||
        size > image->file.len - offset)
        return NULL;
    return image->file.ptr + offset;
}

static int32_t refuse(struct image *image, const char *problem)
{
    image->problem = problem;
    return DAIS_E_INVALID;
}

static int32_t read_header(struct image *image)
{
    const void *start = at(image, 0, 1, sizeof image->header);
    if (!start)
        return refuse(image, "is no shared object: too short");
    memcpy(&image->header, start, sizeof image->header);
    const Elf64_Ehdr *header = &image->header;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return refuse(image, "is no shared object");
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_type != ET_DYN)
        return refuse(image, "is no shared object of this kind of machine");
#if defined(__x86_64__)
    if (header->e_machine != EM_X86_64)
        return refuse(image, "was built for another processor");
#elif defined(__aarch64__)
    if (header->e_machine != EM_AARCH64)
        return refuse(image, "was built for another processor");
#endif
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_shentsize != sizeof(Elf64_Shdr))
        return refuse(image, "has headers of an unknown form");
    if (!at(image, header->e_phoff, header->e_phnum, sizeof(Elf64_Phdr)) ||
        !at(image, header->e_shoff, header->e_shnum, sizeof(Elf64_Shdr)) ||
        header->e_shnum > SECTIONS_MAX)
        return refuse(image, "is not complete");
    return DAIS_OK;
}

static Elf64_Phdr segment(const struct image *image, uint32_t index)
{
    Elf64_Phdr result;
    memcpy(&result, image->file.ptr + image->header.e_phoff + index * sizeof result, sizeof result);
    return result;
}

static Elf64_Shdr section(const struct image *image, uint32_t index)
{
    Elf64_Shdr result;
    memcpy(&result, image->file.ptr + image->header.e_shoff + index * sizeof result, sizeof result);
    return result;
}

static uint64_t align4(uint64_t bytes)
{
    return (bytes + 3) & ~(uint64_t)3;
}

/** Looks for the GNU build id among the notes of one segment. */
static void read_notes(const struct image *image, const Elf64_Phdr *notes, struct elf_info *info)
{
    uint64_t offset = notes->p_offset, end = notes->p_offset + notes->p_filesz;
    while (offset + sizeof(Elf64_Nhdr) <= end) {
        Elf64_Nhdr note;
        memcpy(&note, image->file.ptr + offset, sizeof note);
        uint64_t name = offset + sizeof note, bytes = name + align4(note.n_namesz);
        if (bytes > end || note.n_descsz > end - bytes)
            return;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU &&
            memcmp(image->file.ptr + name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0 &&
            note.n_descsz > 0 && note.n_descsz <= ELF_BUILD_ID_BYTES_MAX) {
            info->build_id_bytes = note.n_descsz;
            memcpy(info->build_id, image->file.ptr + bytes, note.n_descsz);
            return;
        }
        offset = bytes + align4(note.n_descsz);
    }
}

static int32_t read_segments(struct image *image, struct elf_info *info)
{
    for (uint32_t i = 0; i < image->header.e_phnum; i++) {
        Elf64_Phdr header = segment(image, i);
        if (!at(image, header.p_offset, 1, header.p_filesz))
            return refuse(image, "is not complete");
        if (header.p_type == PT_NOTE && info->build_id_bytes == 0)
            read_notes(image, &header, info);
        if (header.p_type == PT_GNU_STACK && (header.p_flags & PF_X))
            info->findings |= ELF_EXEC_STACK;
    }
    if (info->build_id_bytes == 0)
        info->findings |= ELF_NO_BUILD_ID;
    return DAIS_OK;
}

/** The text at `offset` of a string table, or NULL when it does not end inside of it. */
static const char *text_at(const struct image *image, const Elf64_Shdr *strings, uint64_t offset)
{
    const char *table = at(image, strings->sh_offset, 1, strings->sh_size);
    if (!table || offset >= strings->sh_size ||
        !memchr(table + offset, 0, strings->sh_size - offset))
        return NULL;
    return table + offset;
}

static void take_symbol(struct image *image, const char *name, const Elf64_Sym *symbol,
                        struct elf_info *info)
{
    uint32_t binding = ELF64_ST_BIND(symbol->st_info);
    uint32_t visibility = ELF64_ST_VISIBILITY(symbol->st_other);
    if (binding == STB_GNU_UNIQUE)
        info->findings |= ELF_UNIQUE_SYMBOLS;
    if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS || binding == STB_LOCAL ||
        (visibility != STV_DEFAULT && visibility != STV_PROTECTED))
        return;
    info->export_count++;
    if (strcmp(name, "dais_plugin") == 0)
        image->descriptor = symbol->st_value;
    if (info->foreign_export || strcmp(name, "dais_plugin") == 0)
        return;
    info->foreign_export = 1;
    size_t bytes = strnlen(name, sizeof info->export_name - 1);
    memcpy(info->export_name, name, bytes);
    info->export_name[bytes] = '\0';
}

static int32_t read_symbols(struct image *image, const Elf64_Shdr *header, struct elf_info *info)
{
    uint64_t count = header->sh_size / sizeof(Elf64_Sym);
    const char *symbols = at(image, header->sh_offset, count, sizeof(Elf64_Sym));
    if (!symbols || header->sh_link >= image->header.e_shnum || count > SYMBOLS_MAX)
        return refuse(image, "is not complete");
    Elf64_Shdr strings = section(image, header->sh_link);
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Sym symbol;
        memcpy(&symbol, symbols + i * sizeof symbol, sizeof symbol);
        const char *name = text_at(image, &strings, symbol.st_name);
        if (!name)
            return refuse(image, "is not complete");
        take_symbol(image, name, &symbol, info);
    }
    return DAIS_OK;
}

static int32_t read_dynamic(struct image *image, const Elf64_Shdr *header, struct elf_info *info)
{
    uint64_t count = header->sh_size / sizeof(Elf64_Dyn);
    const char *rows = at(image, header->sh_offset, count, sizeof(Elf64_Dyn));
    if (!rows || header->sh_link >= image->header.e_shnum)
        return refuse(image, "is not complete");
    Elf64_Shdr strings = section(image, header->sh_link);
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Dyn row;
        memcpy(&row, rows + i * sizeof row, sizeof row);
        if (row.d_tag == DT_NULL)
            break;
        if (row.d_tag == DT_TEXTREL || (row.d_tag == DT_FLAGS && (row.d_un.d_val & DF_TEXTREL)))
            info->findings |= ELF_TEXT_RELOCATIONS;
        if (row.d_tag == DT_FLAGS && (row.d_un.d_val & DF_STATIC_TLS))
            info->findings |= ELF_STATIC_TLS;
        if (row.d_tag != DT_RPATH && row.d_tag != DT_RUNPATH)
            continue;
        const char *path = text_at(image, &strings, row.d_un.d_val);
        if (path && strstr(path, "$ORIGIN"))
            info->findings |= ELF_ORIGIN_PATH;
    }
    return DAIS_OK;
}

static int32_t read_sections(struct image *image, struct elf_info *info)
{
    for (uint32_t i = 0; i < image->header.e_shnum; i++) {
        Elf64_Shdr header = section(image, i);
        int32_t error = DAIS_OK;
        if (header.sh_type != SHT_NOBITS && !at(image, header.sh_offset, 1, header.sh_size))
            error = refuse(image, "is not complete");
        else if (header.sh_type == SHT_DYNSYM)
            error = read_symbols(image, &header, info);
        else if (header.sh_type == SHT_DYNAMIC)
            error = read_dynamic(image, &header, info);
        if (error)
            return error;
    }
    return DAIS_OK;
}

/** The numbers at the begin of the descriptor, which no relocation changes. */
static void read_descriptor(const struct image *image, struct elf_info *info)
{
    struct dais_plugin descriptor;
    uint64_t bytes = offsetof(struct dais_plugin, id);
    for (uint32_t i = 0; i < image->header.e_phnum && image->descriptor; i++) {
        Elf64_Phdr header = segment(image, i);
        uint64_t inside = image->descriptor - header.p_vaddr;
        if (header.p_type != PT_LOAD || image->descriptor < header.p_vaddr ||
            inside > header.p_filesz || header.p_filesz - inside < bytes)
            continue;
        memcpy(&descriptor, image->file.ptr + header.p_offset + inside, bytes);
        info->has_descriptor = 1;
        info->magic = descriptor.magic;
        info->abi_major = descriptor.abi_major;
        info->draft_hash = descriptor.draft_hash;
        return;
    }
}

int32_t elf_read(struct dais_str file, struct elf_info *ret_info, const char **ret_problem)
{
    struct image image = {.file = file};
    struct elf_info info = {0};
    int32_t error = read_header(&image);
    if (!error)
        error = read_segments(&image, &info);
    if (!error)
        error = read_sections(&image, &info);
    if (!error)
        read_descriptor(&image, &info);
    if (error)
        *ret_problem = image.problem;
    else
        *ret_info = info;
    return error;
}
