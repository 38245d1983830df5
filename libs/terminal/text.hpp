// Text on a terminal: its width, its short forms, its colours.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lamda::terminal {

/// Returns the number of columns: 2 for wide East Asian characters and pictographs, 0 for combining marks.
/// @param text valid UTF-8 without control characters, as from telemetry::shown_text
std::size_t width_of(std::string_view text);

/// Returns at most `width` columns of the text; a text that is cut ends with `…`. @param width at least 1
std::string cut(std::string_view text, std::size_t width);

/// Returns the one short form of an address, id, hash or CID: `0x8f9e84…c62b`. The prefix up to the last
/// colon stays (`increment:0x8f9e84…c62b`). A text of at most 14 characters after it is unchanged.
std::string shortened(std::string_view id);

enum class Tone {
    kPlain,
    kHead,
    kGood,     ///< green
    kWaiting,  ///< yellow
    kBad,      ///< red
};
/// Returns the text in the tone's colour; unchanged if `colour` is false. @param text escaped already
std::string painted(std::string_view text, Tone tone, bool colour);

/// Returns the tone of a state by its first word: of a job, a transaction, a node, a migration or a part.
/// Unknown words are plain.
Tone state_tone(std::string_view state);

}  // namespace lamda::terminal
