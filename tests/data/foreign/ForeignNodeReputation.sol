// SPDX-License-Identifier: UNLICENSED
pragma solidity >=0.8.0 <0.9.0;

/// @title A NodeReputation as somebody else might have written it: for testing only.
/// @notice The interface is that of contracts/NodeReputation.sol; all that the interface leaves open is different: the
/// owner is an argument of the constructor, incrementJobs takes an unregistered provider, registering again is refused
/// unless the data differ, "active" means a day, and the storage is laid out otherwise.
contract ForeignNodeReputation {
    struct Hardware {
        string gpuModel;
        uint256 vram;
        uint256 lastSeen;
        bool isRegistered;
    }

    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
    event JobCountIncremented(address indexed provider, uint256 newCount);
    event NodeHeartbeat(address indexed provider, uint256 timestamp);
    event NodeRegistered(address indexed provider, string gpuModel, uint256 vram);

    error OwnableInvalidOwner(address owner);
    error OwnableUnauthorizedAccount(address account);

    address[] private everyone;
    mapping(address => uint256) public successfulJobsCount;
    mapping(address => Hardware) public providers;
    address private admin;

    constructor(address initialAdmin) {
        if (initialAdmin == address(0)) revert OwnableInvalidOwner(initialAdmin);
        admin = initialAdmin;
        emit OwnershipTransferred(address(0), initialAdmin);
    }

    function owner() external view returns (address) {
        return admin;
    }

    function transferOwnership(address newOwner) external {
        checkAdmin();
        if (newOwner == address(0)) revert OwnableInvalidOwner(newOwner);
        emit OwnershipTransferred(admin, newOwner);
        admin = newOwner;
    }

    function renounceOwnership() external {
        checkAdmin();
        emit OwnershipTransferred(admin, address(0));
        admin = address(0);
    }

    function registerNode(string memory gpuModel, uint256 vram) external {
        Hardware memory known = providers[msg.sender];
        require(
            !known.isRegistered || known.vram != vram || keccak256(bytes(known.gpuModel)) != keccak256(bytes(gpuModel)),
            "Already registered"
        );
        if (!known.isRegistered) everyone.push(msg.sender);
        providers[msg.sender] = Hardware(gpuModel, vram, block.timestamp, true);
        emit NodeRegistered(msg.sender, gpuModel, vram);
    }

    function sendHeartbeat() external {
        require(providers[msg.sender].isRegistered, "Provider not registered");
        providers[msg.sender].lastSeen = block.timestamp;
        emit NodeHeartbeat(msg.sender, block.timestamp);
    }

    function incrementJobs(address provider) external {
        checkAdmin();
        emit JobCountIncremented(provider, ++successfulJobsCount[provider]);
    }

    function getProviderInfo(address provider) external view returns (Hardware memory, uint256) {
        return (providers[provider], successfulJobsCount[provider]);
    }

    function isProviderActive(address provider) public view returns (bool) {
        Hardware storage hardware = providers[provider];
        return hardware.isRegistered && block.timestamp - hardware.lastSeen < 1 days;
    }

    function getActiveProvidersCount() external view returns (uint256 count) {
        for (uint256 i = everyone.length; i > 0; i--) {
            if (isProviderActive(everyone[i - 1])) count++;
        }
    }

    function totalProviders() external view returns (uint256) {
        return everyone.length;
    }

    function checkAdmin() internal view {
        if (msg.sender != admin) revert OwnableUnauthorizedAccount(msg.sender);
    }
}
