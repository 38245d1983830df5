// Reads the records of streams from schema api.
#include "runtime/identity.hpp"

namespace lamda::runtime {

std::vector<StreamRecord> read_stream_records(store::Txn& txn, const std::string& stream) {
    std::vector<StreamRecord> out;
    for (const auto& row : txn.exec(
             "SELECT stream, chain_id, contracts, start_block FROM api.stream_identity "
             "WHERE split_part(stream, ':', 2) = split_part($1, ':', 2) ORDER BY stream = $1 DESC, stream",
             {stream})) {
        StreamRecord record{row.get<std::string>("stream"),
                            ChainId{row.get<std::uint64_t>("chain_id")},
                            {},
                            row.maybe<BlockNum>("start_block")};
        const auto contracts = row.get<Bytes>("contracts");
        for (BytesView rest(contracts); rest.size() >= Address::kSize; rest = rest.subspan(Address::kSize)) {
            record.contracts.push_back(Address::from_bytes(rest.first(Address::kSize)).value());
        }
        out.push_back(std::move(record));
    }
    return out;
}

}  // namespace lamda::runtime
