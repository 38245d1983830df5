#include "eth/codec/transaction.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <random>

#include "eth/codec/rlp.hpp"

using namespace lamda;
using namespace lamda::eth;
using rlp::Item;

namespace {

std::unique_ptr<crypto::LocalSigner> eip155_signer() {
    std::string key;
    for (int i = 0; i < 32; ++i) {
        key += "46";
    }
    return crypto::LocalSigner::from_hex(key).value();
}

Transaction eip155_transaction() {
    Transaction tx;
    tx.chain_id = {1};
    tx.nonce = 9;
    tx.fee = {true, U256(20'000'000'000), 0};
    tx.gas_limit = 21'000;
    tx.to = Address::parse("0x3535353535353535353535353535353535353535").value();
    tx.value = U256("1000000000000000000");
    return tx;
}

std::string refusal(const Bytes& raw) {
    const auto decoded = decode_signed(raw);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == "invalid_transaction");
    return decoded.error().where;
}

/// The signed transaction with one field replaced.
Bytes with_field(const SignedTransaction& tx, std::size_t field, Item value) {
    const bool typed = tx.raw[0] < 0xc0;
    Item item = rlp::decode(BytesView(tx.raw).subspan(typed ? 1 : 0)).value();
    std::get<1>(item.content).at(field) = std::move(value);
    Bytes out = rlp::encode(item);
    if (typed) {
        out.insert(out.begin(), tx.raw[0]);
    }
    return out;
}

/// Two entries, the second without keys.
AccessList an_access_list() {
    Bytes32 three;
    three.array()[31] = 3;
    Bytes32 seven;
    seven.array()[31] = 7;
    return {{Address::parse("0x1111111111111111111111111111111111111111").value(), {three, seven}},
            {Address::parse("0x2222222222222222222222222222222222222222").value(), {}}};
}

}  // namespace

TEST_CASE("transaction: the example of EIP-155") {
    const auto signer = eip155_signer();
    const Transaction tx = eip155_transaction();
    CHECK(signing_digest(tx).hex() == "0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    const SignedTransaction signed_tx = sign(tx, *signer);
    CHECK(to_hex(signed_tx.raw) ==
          "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61"
          "340bd93"
          "9bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc642"
          "14b297f"
          "b1966a3b6d83");
    CHECK(sender_of(signed_tx).value().hex() == "0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");
}

TEST_CASE("transaction: byte for byte equal to ethers 6.15.0 (Wallet.signTransaction)") {
    struct Vector {
        std::string scenario;
        Transaction tx;
        std::string digest;
        std::string hash;
        std::string raw;
    };
    std::vector<Vector> vectors(3);
    vectors[0].scenario = "type 2, a call with value";
    vectors[0].tx = {
        {97},
        7,
        {false, U256(3'000'000'000), U256(1'000'000'000)},
        120'000,
        Address::parse("0xd9264B533dD53198C7aE345C6aFE8EF054303b53").value(),
        U256(1'000'000'000'000'000),
        from_hex("0x7706ebc811111111111111111111111111111111111111111111111111111111111111110000000000"
                 "000000000000002222222222222222222222222222222222222222")
            .value()};
    vectors[0].digest = "0x5d9b87f287cd375a5f16b437cd647da06b76a47dfda189fca7626cfaed3976af";
    vectors[0].hash = "0x458eb5615c36d8cb7153df1e152d296d7e43b7767c114c849ddcfa3a9a767e24";
    vectors[0].raw =
        "0x02f8b76107843b9aca0084b2d05e008301d4c094d9264b533dd53198c7ae345c6afe8ef054303b5387038d7ea4c68000b8"
        "447706ebc8"
        "1111111111111111111111111111111111111111111111111111111111111111000000000000000000000000222222222222"
        "2222222222"
        "222222222222222222c080a092fbce0ce8402c660343efe13cc073949a2b963a7659b506f43340ed4e876f6ca00166065b53"
        "c5e21160db"
        "bd9a3ee667414135d6a26a4bcc8a46bc8d604559163a";
    vectors[1].scenario = "type 2, a creation without tip or value";
    vectors[1].tx = {{5611}, 0, {false, 1, 0}, 2'000'000, std::nullopt, 0, from_hex("0x6001600255").value()};
    vectors[1].digest = "0x387ac67a8f9fe327682ea1edb526572be66b1f157fbd16f09e6a0a46e794b181";
    vectors[1].hash = "0x4f769df840ef4d3c4c781e87fef9dc8ba8e8eddbb61b6b1cddd72b604b5dff8b";
    vectors[1].raw =
        "0x02f8568215eb808001831e84808080856001600255c080a0215cefadbab37c95b496cb63f40f7be1769dede2c84ff1ff8b"
        "7a8110e9e5"
        "54b0a065902a9d1132c3b48788fd492c2d065bdcb49062eaa85b1763e7b40a31e5fc34";
    vectors[2].scenario = "legacy, a chain id of two bytes in v";
    vectors[2].tx = {{5611},
                     300,
                     {true, 1'000'000, 0},
                     2'000'000,
                     Address::parse("0x108f2c400C9828d8044a5F6985f0C9589B90758D").value(),
                     0,
                     from_hex("0x34f167a9").value()};
    vectors[2].digest = "0x6138f9df79ac838c4e6b35094a31dddae1299709524f0dee6ab6113f5cccac1d";
    vectors[2].hash = "0xe709784b24ebb8cfba48bb913a4b6ce84ef7c6e5ad457420d1106625f8e2425f";
    vectors[2].raw =
        "0xf86b82012c830f4240831e848094108f2c400c9828d8044a5f6985f0c9589b90758d808434f167a9822bfaa0c376d89884"
        "bfc7f4e4ef"
        "a82480e8d4bac765555a661c4eb7f019ef62e84763b8a0152fd84a2cbd54bdd574e6720dd5fd4653eccdcda75c51003d81b0"
        "2b0d215227";

    for (const Vector& vector : vectors) {
        INFO(vector.scenario);
        CHECK(signing_digest(vector.tx).hex() == vector.digest);
        const SignedTransaction signed_tx = sign(vector.tx, *eip155_signer());
        CHECK(to_hex(signed_tx.raw) == vector.raw);
        CHECK(signed_tx.hash.hex() == vector.hash);
        const auto decoded = decode_signed(from_hex(vector.raw).value());
        REQUIRE(decoded);
        CHECK(decoded->tx == vector.tx);
        CHECK(sender_of(*decoded).value() == eip155_signer()->address());
    }
}

TEST_CASE("transaction: type 1 of go-ethereum's own tests (core/types/transaction_test.go)") {
    Transaction tx;
    tx.chain_id = {1};
    tx.nonce = 3;
    tx.fee = {true, 1, 0};
    tx.gas_limit = 25'000;
    tx.to = Address::parse("0xb94f5374fce5edbc8e2a8697c15331677e6ebf0b").value();
    tx.value = 10;
    tx.data = {0x55, 0x44};
    tx.access_list.emplace();
    CHECK(signing_digest(tx).hex() == "0x49b486f0ec0a60dfbbca2d30cb07c9e8ffb2a2ff41f29a1ab6737475f6ff69f3");
    const auto decoded = decode_signed(
        from_hex("0x01f8630103018261a894b94f5374fce5edbc8e2a8697c15331677e6ebf0b0a825544c001a0c9519f4f2b3033"
                 "5884581971573fadf60c6204f59a911df35ee8a540456b2660a032f1e8e2c5dd761f9e4f88f41c8310aeaba26a"
                 "8bfcdacfedfa12ec3862d37521")
            .value());
    REQUIRE(decoded);
    CHECK(decoded->tx == tx);
    CHECK(decoded->signature.recovery_id == 1);

    Transaction bare;  // TestEIP2930Signer
    bare.chain_id = {1};
    bare.nonce = 1;
    bare.fee.legacy = true;
    bare.access_list.emplace();
    CHECK(signing_digest(bare).hex() == "0x846ad7672f2a3a40c1f959cd4a8ad21786d620077084d84c8d7c077714caa139");
}

TEST_CASE("transaction: with access lists, byte for byte equal to anvil 1.7.1 (eth_sendTransaction)") {
    // First account of the mnemonic "test test … junk".
    const auto signer =
        crypto::LocalSigner::from_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
            .value();
    const Address to = Address::parse("0x108f2c400c9828d8044a5f6985f0c9589b90758d").value();
    const Bytes data = from_hex("0x34f167a9").value();
    const std::string list =
        "f872f859941111111111111111111111111111111111111111f842a0000000000000000000000000000000000000000000"
        "0000000000000000000003a00000000000000000000000000000000000000000000000000000000000000007d694222222"
        "2222222222222222222222222222222222c0";
    struct Vector {
        Transaction tx;
        std::string raw;
    };
    const std::vector<Vector> vectors = {
        {{{5611}, 0, {true, 2'000'000'000, 0}, 100'000, to, 5, data, an_access_list()},
         "0x01f8df8215eb808477359400830186a094108f2c400c9828d8044a5f6985f0c9589b90758d058434f167a9" + list +
             "01a0cc26d14493247a153209da793e3f5c2305493da74defc0f6ac4194497cb15ab2a01b2463184bdd20e96b68461f"
             "e911b236066c085dc6476362e8a2ed1aa1efe612"},
        {{{5611}, 1, {false, 2'000'000'000, 1'000'000}, 100'000, to, 5, data, an_access_list()},
         "0x02f8e38215eb01830f42408477359400830186a094108f2c400c9828d8044a5f6985f0c9589b90758d058434f167a9" +
             list +
             "01a009490f24ab7699d634831e1c1edec009cac87be25a8a85cfba523747f02251c9a070ce4e4f2cb8bb75c153e531"
             "a4f6e29ee4a355913917b7242ee2d0376aecccfb"},
        {{{5611},
          2,
          {true, 2'000'000'000, 0},
          100'000,
          std::nullopt,
          0,
          from_hex("0x6001600255").value(),
          AccessList{}},
         "0x01f8598215eb028477359400830186a08080856001600255c001a0507b125b454ef4e0bb91a8da82ed4a4e41e61539f3"
         "78b781168d090d9830e11fa019354effa01577449af8c33010f71fc1b8a4ecb00ef7b9ee7effc8c9efc5f2c1"}};
    for (const Vector& vector : vectors) {
        INFO(vector.raw);
        CHECK(to_hex(sign(vector.tx, *signer).raw) == vector.raw);
        const auto decoded = decode_signed(from_hex(vector.raw).value());
        REQUIRE(decoded);
        CHECK(decoded->tx == vector.tx);
        CHECK(sender_of(*decoded).value() == signer->address());
    }
}

TEST_CASE("transaction: an error names the field") {
    const SignedTransaction legacy = sign(eip155_transaction(), *eip155_signer());
    Transaction dynamic = eip155_transaction();
    dynamic.fee = {false, 30, 2};
    const SignedTransaction type2 = sign(dynamic, *eip155_signer());
    const Item huge = rlp::string(Bytes(33, 1));
    const Item padded = rlp::string(Bytes{0, 1});
    const Item a_list = rlp::list({});

    CHECK(refusal({}).empty() == false);
    CHECK(refusal({0x03, 0xc0}) == "type");
    CHECK(refusal({0x01, 0xc0}).empty());
    CHECK(refusal({0x80}) == "type");
    CHECK(refusal({0xc0}).empty());
    CHECK(refusal(with_field(legacy, 0, padded)) == "nonce");
    CHECK(refusal(with_field(legacy, 0, rlp::integer(U256(1) << 64))) == "nonce");
    CHECK(refusal(with_field(legacy, 1, huge)) == "gasPrice");
    CHECK(refusal(with_field(legacy, 2, a_list)) == "gasLimit");
    CHECK(refusal(with_field(legacy, 3, rlp::string(Bytes(19, 1)))) == "to");
    CHECK(refusal(with_field(legacy, 5, a_list)) == "data");
    CHECK(refusal(with_field(legacy, 6, rlp::integer(27))) == "v");  // before EIP-155
    CHECK(refusal(with_field(legacy, 6, rlp::integer(36))) == "v");
    CHECK(refusal(with_field(legacy, 6, rlp::integer(U256(1) << 70))) == "v");
    CHECK(refusal(with_field(legacy, 7, rlp::integer(0))) == "signature");
    CHECK(refusal(with_field(legacy, 8, rlp::string(Bytes(32, 0xff)))) == "signature");
    Transaction listed = eip155_transaction();
    listed.access_list = an_access_list();
    const SignedTransaction type1 = sign(listed, *eip155_signer());
    const Item somebody = rlp::string(Bytes(20, 1));
    const Item short_key = rlp::string(Bytes(31, 1));
    CHECK(refusal(with_field(type1, 2, huge)) == "gasPrice");
    for (const auto& [tx, field] : {std::pair{type1, 7U}, std::pair{type2, 8U}}) {
        CHECK(refusal(with_field(tx, field, rlp::integer(0))) == "accessList");
        for (const Item& entry :
             {rlp::integer(1), rlp::list({}), rlp::list({somebody}), rlp::list({somebody, somebody}),
              rlp::list({rlp::string({}), a_list}), rlp::list({short_key, a_list}),
              rlp::list({somebody, rlp::list({short_key})}), rlp::list({somebody, rlp::list({a_list})}),
              rlp::list({somebody, a_list, a_list})}) {
            CHECK(refusal(with_field(tx, field, rlp::list({entry}))) == "accessList");
        }
        CHECK(decode_signed(with_field(tx, field, rlp::list({rlp::list({somebody, a_list})}))));
    }
    CHECK(refusal(with_field(type1, 8, rlp::integer(2))) == "yParity");
    CHECK(refusal(with_field(type2, 9, rlp::integer(2))) == "yParity");
    CHECK(refusal(with_field(type2, 10, huge)) == "r");
    Bytes cut = type2.raw;
    cut.pop_back();
    CHECK(refusal(cut).starts_with("offset "));
    Bytes longer = legacy.raw;
    longer.push_back(0);
    CHECK(refusal(longer).starts_with("offset "));
}

TEST_CASE("transaction: decode(sign(x)) = x, with the signer as sender") {
    const auto signer = eip155_signer();
    CHECK(rc::check([&](bool legacy, std::uint64_t nonce, std::uint64_t fee, std::uint64_t tip,
                        std::uint64_t gas, bool creates, std::array<std::uint8_t, 20> to,
                        std::array<std::uint8_t, 32> value, const Bytes& data,
                        const std::vector<std::pair<std::uint8_t, std::vector<std::uint8_t>>>& list) {
        Transaction tx;
        tx.chain_id = {*rc::gen::inRange<std::uint64_t>(1, 1ULL << 62)};
        tx.nonce = nonce;
        tx.fee = {legacy, fee, legacy ? 0 : tip};
        tx.gas_limit = gas;
        if (!creates) {
            tx.to = Address(to);
        }
        tx.value = u256_from_be(value).value();
        tx.data = data;
        AccessList access;
        for (const auto& [address, keys] : list) {
            access.push_back({Address(std::array<std::uint8_t, 20>{address}), {}});
            for (const std::uint8_t key : keys) {
                access.back().storage_keys.emplace_back(std::array<std::uint8_t, 32>{1, key});
            }
        }
        // An absent list makes a legacy transaction; type 2 stores an empty list as absent.
        if (!access.empty() || (legacy && *rc::gen::arbitrary<bool>())) {
            tx.access_list = std::move(access);
        }
        const SignedTransaction signed_tx = sign(tx, *signer);
        const auto decoded = decode_signed(signed_tx.raw);
        RC_ASSERT(decoded.ok());
        RC_ASSERT(decoded->tx == tx);
        RC_ASSERT(decoded->signature == signed_tx.signature);
        RC_ASSERT(decoded->hash == signed_tx.hash);
        RC_ASSERT(decoded->raw == signed_tx.raw);
        RC_ASSERT(sender_of(*decoded).value() == signer->address());
    }));
}

TEST_CASE("transaction: random bytes are refused, and a flipped bit changes the sender") {
    std::mt19937_64 random(20261120);
    const auto signer = eip155_signer();
    Transaction dynamic = eip155_transaction();
    dynamic.fee = {false, 30, 2};
    Transaction listed = eip155_transaction();
    listed.access_list = an_access_list();
    for (const Transaction& tx : {eip155_transaction(), listed, dynamic}) {
        const SignedTransaction signed_tx = sign(tx, *signer);
        for (std::size_t bit = 0; bit < signed_tx.raw.size() * 8; ++bit) {
            Bytes raw = signed_tx.raw;
            raw[bit / 8] = static_cast<std::uint8_t>(raw[bit / 8] ^ (1U << (bit % 8)));
            if (const auto decoded = decode_signed(raw)) {
                const auto sender = sender_of(*decoded);
                REQUIRE((!sender || *sender != signer->address()));
            }
        }
    }
    for (int round = 0; round < 50'000; ++round) {
        Bytes raw(random() % 64);
        for (auto& byte : raw) {
            byte = static_cast<std::uint8_t>(random());
        }
        REQUIRE_FALSE(decode_signed(raw));
    }
}

TEST_CASE("contract_address: CREATE from the nonces 0 to 3") {
    // github.com/ethereum/go-ethereum, crypto/crypto_test.go (TestNewContractAddress) has the first three.
    const Address geth = Address::parse("0x970e8128ab834e8eac17ab8e3812f010678cf791").value();
    CHECK(contract_address(geth, 0).hex() == "0x333c3310824b7c685133f2bedb2ca4b8b4df633d");
    CHECK(contract_address(geth, 1).hex() == "0x8bda78331c916a08481428e4b07c96d3e916d165");
    CHECK(contract_address(geth, 2).hex() == "0xc9ddedf451bc62ce88bf9292afb13df35b670699");
    const Address other = Address::parse("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0").value();
    CHECK(contract_address(other, 0).hex() == "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d");
    CHECK(contract_address(other, 3).hex() == "0xfffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c");
}
