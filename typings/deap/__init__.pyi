"""The part of DEAP that codesign.campaign.adapter and the examples use."""
