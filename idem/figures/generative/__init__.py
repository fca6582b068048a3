"""Of generative networks: samples, measures, codes, restored images, settings that were tried."""
