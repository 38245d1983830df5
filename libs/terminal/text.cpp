#include "terminal/text.hpp"

#include <algorithm>
#include <array>

namespace lamda::terminal {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::size_t kHeadKept = 8;
constexpr std::size_t kTailKept = 4;

struct Range {
    char32_t first;
    char32_t last;
};
// Blocks of Unicode's EastAsianWidth W and F.
constexpr std::array kWide{Range{0x1100, 0x115f},   Range{0x2e80, 0xa4cf},   Range{0xac00, 0xd7a3},
                           Range{0xf900, 0xfaff},   Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},
                           Range{0xffe0, 0xffe6},   Range{0x1f300, 0x1f64f}, Range{0x1f680, 0x1f6ff},
                           Range{0x1f900, 0x1faff}, Range{0x20000, 0x3fffd}};
constexpr std::array kCombining{Range{0x0300, 0x036f}, Range{0x200b, 0x200d}, Range{0x20d0, 0x20ff},
                                Range{0xfe00, 0xfe0f}};

template <class Ranges>
bool within(const Ranges& ranges, char32_t character) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
        return character >= range.first && character <= range.last;
    });
}

std::size_t width_of(char32_t character) {
    return within(kCombining, character) ? 0 : within(kWide, character) ? 2 : 1;
}

bool continues(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

/// Calls use(bytes, character) for each UTF-8 sequence, until it returns false.
template <class Use>
void each_character(std::string_view text, Use&& use) {
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at + 1;
        while (end < text.size() && continues(text[end])) {
            ++end;
        }
        const auto lead = static_cast<unsigned char>(text[at]);
        char32_t character = end - at == 1 ? lead : lead & (0xffU >> (end - at + 1));
        for (std::size_t i = at + 1; i < end; ++i) {
            character = (character << 6U) | (static_cast<unsigned char>(text[i]) & 0x3fU);
        }
        if (!use(text.substr(at, end - at), character)) {
            return;
        }
        at = end;
    }
}

constexpr std::array<std::string_view, 11> kGoodWords{
    "ok", "ready", "up", "yes", "done", "applied", "completed", "confirmed", "paid", "rewarded", "final"};
constexpr std::array<std::string_view, 9> kWaitingWords{"parked", "awaiting_spec", "awaiting_provider",
                                                        "not",    "assigned",      "running",
                                                        "no",     "offline",       "starting"};
constexpr std::array<std::string_view, 6> kBadWords{"failed", "down",    "missing",
                                                    "wrong",  "surplus", "different"};

template <class Words>
bool holds(const Words& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view code_of(Tone tone) {
    switch (tone) {
        case Tone::kPlain:
            return "";
        case Tone::kHead:
            return "\x1b[1m";
        case Tone::kGood:
            return "\x1b[32m";
        case Tone::kWaiting:
            return "\x1b[33m";
        case Tone::kBad:
            return "\x1b[31m";
    }
    return "";
}

}  // namespace

std::size_t width_of(std::string_view text) {
    std::size_t out = 0;
    each_character(text, [&](std::string_view, char32_t character) {
        out += width_of(character);
        return true;
    });
    return out;
}

std::string cut(std::string_view text, std::size_t width) {
    if (width_of(text) <= width) {
        return std::string(text);
    }
    std::string out;
    std::size_t used = 1;  // of the ellipsis
    each_character(text, [&](std::string_view bytes, char32_t character) {
        used += width_of(character);
        if (used > width) {
            return false;
        }
        out += bytes;
        return true;
    });
    return out.append(kEllipsis);
}

std::string shortened(std::string_view id) {
    const auto colon = id.rfind(':');
    const std::size_t prefix = colon == std::string_view::npos ? 0 : colon + 1;
    const auto rest = id.substr(prefix);
    if (rest.size() <= kHeadKept + kTailKept + 2 ||
        std::any_of(rest.begin(), rest.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7e; })) {
        return std::string(id);
    }
    return std::string(id.substr(0, prefix + kHeadKept))
        .append(kEllipsis)
        .append(rest.substr(rest.size() - kTailKept));
}

std::string painted(std::string_view text, Tone tone, bool colour) {
    const auto code = colour ? code_of(tone) : "";
    return code.empty() ? std::string(text) : std::string(code).append(text).append("\x1b[0m");
}

Tone state_tone(std::string_view state) {
    const auto word = state.substr(0, state.find_first_of(" ;,("));
    return holds(kGoodWords, word)      ? Tone::kGood
           : holds(kWaitingWords, word) ? Tone::kWaiting
           : holds(kBadWords, word)     ? Tone::kBad
                                        : Tone::kPlain;
}

}  // namespace lamda::terminal
