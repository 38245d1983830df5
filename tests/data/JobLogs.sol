// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.34;

/// @title JobManager's events by the thousand, for tests and figures.
/// @notice Called with three words: which event (0 created, 1 confirmed, 2 claimed), the first job's number, how many
/// jobs. It keeps no state, so that a block of thousands of logs costs the node next to nothing.
/// @dev Id, renter and provider follow from the job's number and are as good as random, like the real ones.
contract JobLogs {
    event JobCreated(bytes32 indexed jobId, address indexed renter, address indexed provider, uint256 payment);
    event JobConfirmed(bytes32 indexed jobId, uint256 confirmedAt);
    event PaymentClaimed(bytes32 indexed jobId, address indexed provider, uint256 amount);

    fallback() external {
        (uint256 kind, uint256 first, uint256 count) = abi.decode(msg.data, (uint256, uint256, uint256));
        for (uint256 number = first; number < first + count; ++number) {
            bytes32 id = keccak256(abi.encode(number));
            address renter = address(uint160(uint256(id)));
            address provider = address(uint160(uint256(id) >> 96));
            uint256 payment = 0.01 ether + number;
            if (kind == 0) {
                emit JobCreated(id, renter, provider, payment);
            } else if (kind == 1) {
                emit JobConfirmed(id, block.timestamp);
            } else {
                emit PaymentClaimed(id, provider, payment);
            }
        }
    }
}
