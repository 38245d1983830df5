#include "tools/cli/output/log_compare.hpp"

namespace lamda::cli {
namespace {

auto place(const LogEntry& entry) {
    return std::pair(entry.block.number, entry.log_index);
}

std::string differing_fields(const LogEntry& chain, const LogEntry& journal) {
    std::string out;
    const auto field = [&](const char* name, const std::string& ours, const std::string& theirs) {
        if (ours != theirs) {
            out += (out.empty() ? "" : ", ") + std::string(name) + " (journal: " + theirs + ")";
        }
    };
    field("block_hash", chain.block.hash.hex(), journal.block.hash.hex());
    field("tx_hash", chain.tx_hash.hex(), journal.tx_hash.hex());
    field("kind", chain.kind, journal.kind);
    field("subject", chain.subject, journal.subject);
    field("body", chain.body, journal.body);
    return out;
}

}  // namespace

std::string_view to_string(Difference::Kind kind) {
    switch (kind) {
        case Difference::Kind::kMissing:
            return "missing";
        case Difference::Kind::kSurplus:
            return "surplus";
        case Difference::Kind::kDifferent:
            return "different";
    }
    return "";
}

std::vector<Difference> compare(const std::vector<LogEntry>& chain, const std::vector<LogEntry>& journal) {
    using Kind = Difference::Kind;
    std::vector<Difference> out;
    auto ours = chain.begin();
    auto theirs = journal.begin();
    while (ours != chain.end() || theirs != journal.end()) {
        if (theirs == journal.end() || (ours != chain.end() && place(*ours) < place(*theirs))) {
            out.push_back({Kind::kMissing, *ours++, ""});
        } else if (ours == chain.end() || place(*theirs) < place(*ours)) {
            out.push_back({Kind::kSurplus, *theirs++, ""});
        } else {
            if (*ours != *theirs) {
                out.push_back({Kind::kDifferent, *ours, differing_fields(*ours, *theirs)});
            }
            ++ours;
            ++theirs;
        }
    }
    return out;
}

}  // namespace lamda::cli
