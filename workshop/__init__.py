"""The Build track of the workshop: learners write a login with Vipps in any language, and the checker proves each stage."""
