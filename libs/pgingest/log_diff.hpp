// Compares a journal's entries with those of a second read of the same blocks. Pure.
#pragma once

#include <vector>

#include "ingest/audit/audit_sink.hpp"

namespace lamda::pgingest {

template <class Entry>
struct LogDiff {
    std::vector<const Entry*> to_add;   ///< in the second read; missing from the journal or different there
    std::vector<const Entry*> to_drop;  ///< in the journal; missing from the chain or different there
};

/// Both inputs are ascending by place, each place once. @param place an entry's block number, then log index
/// @param same true if two entries of one place are equal
template <class Entry, class Place, class Same>
LogDiff<Entry> diff(const std::vector<Entry>& journal, const std::vector<Entry>& again, Place place,
                    Same same) {
    LogDiff<Entry> out;
    auto ours = journal.begin();
    auto theirs = again.begin();
    while (ours != journal.end() || theirs != again.end()) {
        const bool only_ours =
            theirs == again.end() || (ours != journal.end() && place(*ours) < place(*theirs));
        const bool only_theirs =
            ours == journal.end() || (theirs != again.end() && place(*theirs) < place(*ours));
        if (only_ours) {
            out.to_drop.push_back(&*ours++);
        } else if (only_theirs) {
            out.to_add.push_back(&*theirs++);
        } else {
            if (!same(*ours, *theirs)) {
                out.to_drop.push_back(&*ours);
                out.to_add.push_back(&*theirs);
            }
            ++ours;
            ++theirs;
        }
    }
    return out;
}

/// Counts places: an entry that is in both lists counts once.
template <class Entry, class Place>
ingest::Differences differences(const LogDiff<Entry>& diff, Place place) {
    ingest::Differences out;
    std::set<decltype(place(*diff.to_add.front()))> places;
    for (const auto* side : {&diff.to_add, &diff.to_drop}) {
        for (const auto* entry : *side) {
            places.insert(place(*entry));
            out.blocks.insert(place(*entry).first);
        }
    }
    out.logs = places.size();
    return out;
}

/// Requires that entries at one height are of one block. Another hash means another chain, not a read error.
/// @throws ingest::FinalityViolated
template <class Entry, class Block>
void require_same_blocks(const LogDiff<Entry>& diff, const ingest::RangeSnapshot& again, Block block) {
    for (const auto* entry : diff.to_drop) {
        for (const auto& header : again.blocks.headers) {
            const BlockRef ours = block(*entry);
            if (header.ref.number == ours.number && header.ref.hash != ours.hash) {
                throw ingest::FinalityViolated("the rows come from block " + ours.hash.hex() +
                                               ", the chain has " + header.ref.hash.hex() +
                                               " at this height; both were final");
            }
        }
    }
}

}  // namespace lamda::pgingest
